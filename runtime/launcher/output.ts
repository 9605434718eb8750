/**
 * Everything the launcher writes: what the ranks print, merged or into files of their own, its own messages, and on a
 * terminal how far the program is.
 *
 * Nobody here waits for a reader. When too much waits for one, the agents are held back; when writing fails, the job ends.
 */
import { fstatSync } from 'node:fs'
import type { ProgressReport } from '../agent/job-description.ts'
import type { IoOptions } from './io-options.ts'
import { linePrefix } from './line-prefix.ts'
import { OutputFiles } from './output-files.ts'
import { OutputMerger, type Fd } from './output-merger.ts'
import { Backlog, OutputQueue } from './output-queue.ts'
import type { TerminalBar } from './terminal-bar.ts'

/** Output could not be written. */
export const EXIT_OUTPUT = 121
/** What a shell says of a command whose reader is gone: 128 + SIGPIPE. */
const EXIT_PIPE = 141

export interface OutputListener {
  /** The reader does not keep up: no more output, please. */
  onFull(): void
  onRoom(): void
  /** Output cannot be written; the user has been told. */
  onFailed(exitCode: number): void
}

export class Output {
  readonly #listener: OutputListener
  readonly #backlog: Backlog
  readonly #queues: Readonly<Record<Fd, OutputQueue>>
  readonly #files: OutputFiles | undefined
  readonly #merger: OutputMerger
  readonly #bar: TerminalBar | undefined
  #exitCode: number | undefined

  /**
   * @param size ranks of the job
   * @param bar draws how far the program is on the terminal that standard error is
   * @throws UsageError if the files that are asked for cannot be made
   */
  constructor(
    { tag, timestamps, files }: IoOptions,
    size: number,
    listener: OutputListener,
    bar: typeof TerminalBar | undefined,
  ) {
    this.#listener = listener
    this.#backlog = new Backlog(
      () => listener.onFull(),
      () => listener.onRoom(),
    )
    const queue = (fd: Fd, name: string): OutputQueue =>
      new OutputQueue(fd, this.#backlog, (error) => this.fail(name, error))
    const out = queue(1, 'standard output')
    this.#queues = { 1: out, 2: isOneTerminal() ? out : queue(2, 'standard error') }
    this.#bar =
      bar &&
      new bar(
        (bytes) => this.#queues[2].write(bytes),
        () => process.stderr.columns || 80,
      )
    if (files !== undefined)
      this.#files = new OutputFiles(files, size, this.#backlog, (error) =>
        this.fail(`a file in ${files.folder}`, error),
      )
    this.#merger = new OutputMerger(
      (fd, bytes) => this.#write(fd, bytes),
      linePrefix({ tag, timestamps, coloured: tag ? isColourTerminal : () => false }),
    )
  }

  /** Exit code if output could not be written. */
  get exitCode(): number | undefined {
    return this.#exitCode
  }

  /** Takes what a rank printed, or an agent (rank -1). */
  show(rank: number, fd: Fd, bytes: Buffer): void {
    if (rank >= 0) this.#files?.write(rank, fd, bytes)
    if (rank < 0 || this.#files?.copy !== false) this.#merger.push(rank, fd, bytes)
  }

  /** Whether anybody sees how far the program is. */
  get showsProgress(): boolean {
    return this.#bar !== undefined
  }

  progress(report: ProgressReport): void {
    this.#bar?.report(report)
  }

  /** Prints text of the launcher's own on standard error, after what the ranks have begun. */
  say(text: string): void {
    this.#merger.flush()
    this.#write(2, Buffer.from(text))
  }

  /** Something that the user wants to have cannot be written: tells so and ends the job. */
  fail(name: string, error: NodeJS.ErrnoException): void {
    // A reader that is gone (| head) wants no more output, and no message.
    const code = error.code === 'EPIPE' ? EXIT_PIPE : EXIT_OUTPUT
    if (code === EXIT_OUTPUT)
      this.#write(2, Buffer.from(`tsmpirun: ${name} cannot be written: ${error.message}; the job was stopped.\n`))
    this.#exitCode ??= code
    this.#listener.onFailed(code)
  }

  /** Resolves when all has been written. */
  async finish(): Promise<void> {
    this.#merger.flush()
    this.#bar?.end()
    await this.#backlog.drained()
    this.#files?.close()
  }

  #write(fd: Fd, bytes: Uint8Array): void {
    if (this.#queues[fd] === this.#queues[2]) this.#bar?.before(bytes)
    this.#queues[fd].write(bytes)
  }
}

/** As users have it: NO_COLOR, FORCE_COLOR and TERM are heard. */
function isColourTerminal(fd: Fd): boolean {
  const stream = fd === 1 ? process.stdout : process.stderr
  return stream.isTTY && stream.hasColors()
}

/** Whether one terminal shows both descriptors: then it gets what is written in the order in which it came. */
function isOneTerminal(): boolean {
  return process.stdout.isTTY && process.stderr.isTTY && fstatSync(1).rdev === fstatSync(2).rdev
}
