/** What lines of output begin with: the time, the rank. Pure but for the clock, which is handed in. */
import type { Fd, LinePrefix } from './output-merger.ts'

export interface PrefixOptions {
  readonly tag: boolean
  readonly timestamps: boolean
  /** Whether what is written to a descriptor may have colours. */
  readonly coloured: (fd: Fd) => boolean
}

/** Foreground colours of terminals (ECMA-48, SGR) without black and white: neighbours differ. */
const COLOURS = [32, 33, 34, 35, 36, 31, 92, 93, 94, 95, 96, 91]

/** @param now the time, in milliseconds since the epoch */
export function linePrefix({ tag, timestamps, coloured }: PrefixOptions, now: () => number = Date.now): LinePrefix {
  return (rank, fd) => {
    const time = timestamps ? `${localTime(now())} ` : ''
    // What native libraries print past Node comes from a process, no rank is known.
    const name = `[${rank < 0 ? '?' : rank}]`
    const shown = coloured(fd) && rank >= 0 ? `\x1b[${COLOURS[rank % COLOURS.length]}m${name}\x1b[39m` : name
    return tag ? `${time}${shown} ` : time
  }
}

/** A time as 2026-11-21 09:12:07.123, in the zone of this machine. */
function localTime(ms: number): string {
  const local = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000)
  return local.toISOString().replace('T', ' ').replace('Z', '')
}
