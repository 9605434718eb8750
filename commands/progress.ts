/**
 * What long work says on standard error while it goes on: in a terminal a bar with the time left, elsewhere a line for each
 * piece that has ended. Invariant: nothing of the terminal's state is changed, so that there is nothing to restore after a
 * kill. Layer below: cli-progress.
 */
import cliProgress from 'cli-progress'
import { formatDuration } from '../runtime/base/duration.ts'

/** Work of many pieces, done one after the other. */
export interface Progress {
  /** A piece begins. */
  begin(name: string): void
  /**
   * It has ended.
   *
   * @param outcome what came of it, for the line; nothing if not given
   * @param secondsLeft for the pieces to come; if not given they are thought to be like those before
   */
  end(outcome?: string, secondsLeft?: number): void
  /** Takes the bar away until the next piece begins, for what is printed meanwhile. */
  clear(): void
  /** The last call, also after a failure: the bar is taken away. */
  stop(): void
}

/** How much there is to do. */
export interface Pieces {
  /** Pieces that were finished before; 0 if not given. */
  readonly done?: number
  readonly total: number
  /** Whether the pieces are too many or too short for a line each where there is no terminal. */
  readonly terminalOnly?: boolean
}

/** Shows the progress of `pieces` on a stream. Local. */
export function showProgress(stream: NodeJS.WriteStream, { done = 0, total, terminalOnly = false }: Pieces): Progress {
  if (stream.isTTY && process.env['TERM'] !== 'dumb') return new Bar(stream, done, total)
  return terminalOnly ? SILENCE : new Lines(stream, done, total)
}

const SILENCE: Progress = {
  begin: () => undefined,
  end: () => undefined,
  clear: () => undefined,
  stop: () => undefined,
}

/** Seconds that the rest takes if it is like what has been done. */
class Clock {
  readonly #began = performance.now()
  readonly #first: number

  constructor(done: number) {
    this.#first = done
  }

  left(done: number, total: number): number {
    return ((performance.now() - this.#began) / 1000 / (done - this.#first)) * (total - done)
  }
}

class Lines implements Progress {
  readonly #stream: NodeJS.WritableStream
  readonly #clock: Clock
  readonly #total: number
  #done: number
  #name = ''

  constructor(stream: NodeJS.WritableStream, done: number, total: number) {
    this.#stream = stream
    this.#clock = new Clock(done)
    this.#total = total
    this.#done = done
  }

  begin(name: string): void {
    this.#name = name // a piece has its line when it has ended
  }

  end(outcome?: string, secondsLeft?: number): void {
    this.#done++
    const seconds = secondsLeft ?? this.#clock.left(this.#done, this.#total)
    const left = this.#done < this.#total ? `; ${formatDuration(seconds)} left` : ''
    const came = outcome === undefined ? '' : `: ${outcome}`
    this.#stream.write(`${this.#done}/${this.#total} ${this.#name}${came}${left}\n`)
  }

  clear(): void {
    // Every line is complete.
  }

  stop(): void {
    // As above.
  }
}

class Bar implements Progress {
  readonly #bar: cliProgress.SingleBar
  readonly #stream: NodeJS.WriteStream
  readonly #clock: Clock
  readonly #total: number
  #done: number
  #name = ''
  /** When all will have ended, on the clock of `performance.now`. */
  #endMs: number | undefined

  constructor(stream: NodeJS.WriteStream, done: number, total: number) {
    this.#stream = stream
    this.#clock = new Clock(done)
    this.#total = total
    this.#done = done
    this.#bar = new cliProgress.SingleBar({
      stream,
      barsize: 24,
      clearOnComplete: true,
      fps: 4,
      linewrap: true, // a line is cut here: a terminal that was told not to wrap would stay so after a kill
      barCompleteString: '='.repeat(24),
      barIncompleteString: '-'.repeat(24),
      format: (options, { progress, value }) => {
        const bar = cliProgress.Format.BarFormat(progress, options)
        return `[${bar}] ${value}/${total}${this.#left()}: ${this.#name}`.slice(0, (stream.columns || 80) - 1)
      },
    })
    this.#bar.start(total, done)
  }

  begin(name: string): void {
    this.#name = name
    this.#bar.update(this.#done)
  }

  end(_outcome?: string, secondsLeft?: number): void {
    this.#done++
    this.#endMs = performance.now() + 1000 * (secondsLeft ?? this.#clock.left(this.#done, this.#total))
    this.#bar.update(this.#done)
  }

  clear(): void {
    this.#stream.write('\r\u001B[K')
  }

  stop(): void {
    this.#bar.stop()
  }

  #left(): string {
    if (this.#endMs === undefined || this.#done === this.#total) return ''
    return `, ${formatDuration(Math.max(this.#endMs - performance.now(), 0) / 1000)} left`
  }
}
