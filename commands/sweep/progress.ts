/**
 * What a sweep says while it runs, on standard error: a bar in a terminal, a line a test elsewhere. Layer below:
 * cli-progress.
 */
import cliProgress from 'cli-progress'
import { encodeVariant } from '../../hpl/output.ts'
import type { ResultLine } from '../../hpl/results/schema.ts'
import { formatDuration } from '../duration.ts'
import type { PlannedTest } from './plan.ts'

export interface Progress {
  /** A test begins. */
  begin(test: PlannedTest): void
  /** It has ended; those after it will take `secondsLeft`. */
  end(test: PlannedTest, line: ResultLine, secondsLeft: number): void
  /** The last call. */
  stop(): void
}

/** @param done tests that were finished before, of `total` */
export function createProgress(stream: NodeJS.WriteStream, done: number, total: number): Progress {
  return stream.isTTY ? new Bar(stream, done, total) : new Lines(stream, done, total)
}

class Lines implements Progress {
  readonly #stream: NodeJS.WritableStream
  readonly #total: number
  #done: number

  constructor(stream: NodeJS.WritableStream, done: number, total: number) {
    this.#stream = stream
    this.#done = done
    this.#total = total
  }

  begin(): void {
    // A test has its line when it has ended.
  }

  end(test: PlannedTest, line: ResultLine, secondsLeft: number): void {
    this.#done++
    const left = this.#done < this.#total ? `; ${formatDuration(secondsLeft)} left` : ''
    this.#stream.write(`${this.#done}/${this.#total} ${nameOf(test)}: ${outcomeOf(line)}${left}\n`)
  }

  stop(): void {
    // Every line is complete.
  }
}

class Bar implements Progress {
  readonly #bar: cliProgress.SingleBar
  #name = ''
  /** When the sweep will end, on the clock of `performance.now`. */
  #endMs: number | undefined

  constructor(stream: NodeJS.WriteStream, done: number, total: number) {
    this.#bar = new cliProgress.SingleBar({
      stream,
      barsize: 24,
      fps: 4,
      hideCursor: true,
      barCompleteString: '='.repeat(24),
      barIncompleteString: '-'.repeat(24),
      format: (options, { progress, value }) =>
        `[${cliProgress.Format.BarFormat(progress, options)}] ${value}/${total}${this.#left()}: ${this.#name}`,
    })
    this.#bar.start(total, done)
  }

  begin(test: PlannedTest): void {
    this.#name = nameOf(test)
  }

  end(_test: PlannedTest, _line: ResultLine, secondsLeft: number): void {
    this.#endMs = performance.now() + 1000 * secondsLeft
    this.#bar.increment()
  }

  stop(): void {
    this.#bar.stop()
  }

  #left(): string {
    if (this.#endMs === undefined) return ''
    return `, ${formatDuration(Math.max(this.#endMs - performance.now(), 0) / 1000)} left`
  }
}

function nameOf({ point, args }: PlannedTest): string {
  const network = args[args.indexOf('--emulate') + 1] as string
  const where = args.includes('--emulate') ? `, ${network}` : ''
  return `N=${point.n} NB=${point.nb} ${point.p}x${point.q} ${encodeVariant(point)}${where}`
}

function outcomeOf(line: ResultLine): string {
  if (line.kind === 'failure') return `no result: ${line.reason}`
  const { outcome, gflops, reason } = line.test
  if (outcome === 'skipped') return `skipped: ${reason ?? ''}`
  return `${(gflops ?? 0).toPrecision(4)} Gflops, ${outcome}`
}
