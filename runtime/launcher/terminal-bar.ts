/**
 * How far the program says it is (`showProgress`), as the last line of a terminal: a bar, its share, the time left.
 *
 * Invariant: the bar is drawn only where a line begins, and taken away before anything else is written there. Nothing of
 * the terminal's state is changed, so that there is nothing to restore after a kill. Layer below: cli-progress.
 */
import cliProgress from 'cli-progress'
import type { ProgressReport } from '../agent/job-description.ts'
import { formatDuration } from '../base/duration.ts'

/** Between two drawings, which also count the time down. */
const PERIOD_MS = 250
const ERASE = Buffer.from('\r\u001B[K')
const NEWLINE = 0x0a
const WIDTH = 24
const OPTIONS = {
  barsize: WIDTH,
  barGlue: '',
  barCompleteString: '='.repeat(WIDTH),
  barIncompleteString: '-'.repeat(WIDTH),
}

export class TerminalBar {
  readonly #write: (bytes: Buffer) => void
  readonly #columns: () => number
  readonly #pace = new Pace()
  #latest: ProgressReport | undefined
  #timer: NodeJS.Timeout | undefined
  #drawn = false
  #lineOpen = false

  /**
   * @param write to the terminal
   * @param columns how many the terminal has
   */
  constructor(write: (bytes: Buffer) => void, columns: () => number) {
    this.#write = write
    this.#columns = columns
  }

  report(progress: ProgressReport): void {
    this.#latest = progress
    this.#pace.note(progress.share, performance.now())
    this.#timer ??= setInterval(() => this.#draw(), PERIOD_MS).unref()
  }

  /** Something else is about to be written. */
  before(bytes: Uint8Array): void {
    if (this.#drawn) this.#write(ERASE)
    this.#drawn = false
    this.#lineOpen = bytes.at(-1) !== NEWLINE
  }

  /** The last call. */
  end(): void {
    clearInterval(this.#timer)
    if (this.#drawn) this.#write(ERASE)
  }

  #draw(): void {
    if (this.#lineOpen || this.#latest === undefined) return
    const line = barLine(this.#latest, this.#pace.secondsLeft(performance.now()))
    // In the last column some terminals begin a new line.
    this.#write(Buffer.concat([ERASE, Buffer.from(line.slice(0, this.#columns() - 1))]))
    this.#drawn = true
  }
}

/** @param secondsLeft undefined if that cannot be said */
export function barLine({ label, share, gflops }: ProgressReport, secondsLeft: number | undefined): string {
  const bar = cliProgress.Format.BarFormat(Math.min(Math.max(share, 0), 1), OPTIONS)
  const left = secondsLeft === undefined ? [] : [`${formatDuration(secondsLeft)} left`]
  const rate = gflops === undefined ? [] : [`${Number(gflops.toPrecision(3))} Gflops`]
  return `[${bar}] ${[`${Math.floor(share * 100)} %`, ...left].join(', ')}: ${[label, ...rate].join(', ')}`
}

/** Tells from shares that were done when how long the rest takes if it goes on like that. */
export class Pace {
  /** Where the work began, or began anew: a share that is smaller than the one before is of something else. */
  #first: { readonly share: number; readonly ms: number } | undefined
  #latest = { share: 0, ms: 0 }

  note(share: number, ms: number): void {
    if (this.#first === undefined || share < this.#latest.share) this.#first = { share, ms }
    this.#latest = { share, ms }
  }

  /** Undefined as long as nothing has been done. */
  secondsLeft(nowMs: number): number | undefined {
    const first = this.#first
    if (first === undefined || this.#latest.share <= first.share || this.#latest.share >= 1) return undefined
    const { share, ms } = this.#latest
    const left = ((1 - share) * (ms - first.ms)) / (share - first.share) - (nowMs - ms)
    return Math.max(left, 0) / 1000
  }
}
