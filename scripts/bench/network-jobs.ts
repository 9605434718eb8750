/** Jobs of the network benchmarks: traffic (programs/networks.ts) or Linpack over some network, and what of it counts. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const TSMPIRUN = root('dist/runtime/launcher/tsmpirun.js')
const TRAFFIC = root('scripts/bench/programs/networks.ts')

/** Bytes on the wire that carry payload: a full frame has 1448 of 1538. */
export const PAYLOAD_SHARE: number = 1448 / 1538

/** Until then V8 compiles: a small message takes twice its time in the first second. */
const WARM_UP_MS = 1000

/** Arguments of tsmpirun after the hosts. */
export function traffic(pattern: string, nbytes: number, repeats: number): string[] {
  return [TRAFFIC, pattern, String(nbytes), String(repeats), String(WARM_UP_MS)]
}

export interface JobTimes {
  /** Every time that it measured. */
  readonly ms: number[]
  /** Share of the time in which the cores of this machine had nothing to do; undefined for Linpack, which computes. */
  readonly idle: number | undefined
}

/**
 * Runs a job with a rank on each of so many hosts.
 *
 * @param network options of tsmpirun that say what the hosts are
 * @throws Error with what it said if it fails
 */
export function runJob(hosts: number, network: readonly string[], args: readonly string[], input = ''): JobTimes {
  const { status, stdout, stderr } = spawnSync(process.execPath, [TSMPIRUN, '-n', String(hosts), ...network, ...args], {
    encoding: 'utf8',
    input,
  })
  if (status !== 0) throw new Error(`tsmpirun ${network.join(' ')} ${args.join(' ')} ended with ${status}:\n${stderr}`)
  if (args[0] !== 'hpl') return JSON.parse(stdout) as JobTimes
  const times = stdout.matchAll(/^W\S+ +\d+ +\d+ +\d+ +\d+ +([\d.]+)/gm)
  return { ms: [...times].map(([, seconds]) => Number(seconds) * 1000), idle: undefined }
}

/** A quarter of the values are less; of three or fewer it is the least. */
export function lowerQuartile(ms: readonly number[]): number {
  return ms.toSorted((a, b) => a - b)[Math.floor((ms.length - 1) / 4)] as number
}

/** Three significant digits, or whole numbers. */
export function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
