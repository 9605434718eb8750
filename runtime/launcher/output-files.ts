/**
 * Files with the output of each rank, as it printed it: FOLDER/rank.R/stdout and stderr, with ranks of equal width, so that
 * listings are in order (Open MPI's names).
 */
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Fd } from './output-merger.ts'
import { OutputQueue, type Backlog } from './output-queue.ts'
import { UsageError } from './usage-error.ts'

const NAMES = { 1: 'stdout', 2: 'stderr' } as const

export class OutputFiles {
  /** Output is shown as well. */
  readonly copy: boolean
  readonly #folder: string
  readonly #width: number
  readonly #backlog: Backlog
  readonly #onError: (error: NodeJS.ErrnoException) => void
  readonly #files = new Map<string, { readonly fd: number; readonly queue: OutputQueue }>()

  /**
   * Makes the files, empty.
   *
   * @throws UsageError if they cannot be made
   */
  constructor(
    { folder, copy }: { readonly folder: string; readonly copy: boolean },
    size: number,
    backlog: Backlog,
    onError: (error: NodeJS.ErrnoException) => void,
  ) {
    this.copy = copy
    this.#folder = resolve(folder)
    this.#width = String(size - 1).length
    this.#backlog = backlog
    this.#onError = onError
    try {
      for (let rank = 0; rank < size; rank++)
        for (const fd of [1, 2] as const) closeSync(openSync(this.#make(rank, fd), 'w'))
    } catch (error) {
      throw new UsageError([`--output-filename ${folder}: ${(error as Error).message}`])
    }
  }

  /** Takes what a rank printed. */
  write(rank: number, fd: Fd, bytes: Uint8Array): void {
    this.#fileOf(rank, fd).queue.write(bytes)
  }

  /** Closes the files; everything has been written. */
  close(): void {
    for (const { fd } of this.#files.values()) closeSync(fd)
    this.#files.clear()
  }

  /** Opened when they are needed: most ranks of most jobs print nothing. */
  #fileOf(rank: number, fd: Fd): { readonly fd: number; readonly queue: OutputQueue } {
    const path = this.#path(rank, fd)
    const known = this.#files.get(path)
    if (known !== undefined) return known
    const opened = openSync(path, 'a')
    const file = { fd: opened, queue: new OutputQueue(opened, this.#backlog, this.#onError) }
    this.#files.set(path, file)
    return file
  }

  #make(rank: number, fd: Fd): string {
    const path = this.#path(rank, fd)
    mkdirSync(join(path, '..'), { recursive: true })
    return path
  }

  #path(rank: number, fd: Fd): string {
    return join(this.#folder, `rank.${String(rank).padStart(this.#width, '0')}`, NAMES[fd])
  }
}
