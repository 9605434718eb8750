/**
 * The process grid as the solver sees it: coordinates, and a communicator for each direction. `Grid` of the
 * collectives is one; the solver needs no more of it than this, so that it can stand on any communicator.
 */
import type { RecvOptions, SendOptions } from '../runtime/comm/options.ts'
import type { Request } from '../runtime/comm/request.ts'

/** What the solver asks of a communicator; every `Comm` is one. */
export interface Messenger {
  readonly rank: number
  readonly size: number
  send(buffer: Float64Array, options: SendOptions): Promise<void>
  recv(buffer: Float64Array, options: RecvOptions): Promise<unknown>
  isend(buffer: Float64Array, options: SendOptions): Request
  irecv(buffer: Float64Array, options: RecvOptions): Request
}

export interface ProcessGrid {
  /** (global) process rows and columns. */
  readonly nprow: number
  readonly npcol: number
  /** (local) place of this process. */
  readonly myrow: number
  readonly mycol: number
  /** All processes of the grid; rank 0 is at (0,0). */
  readonly all: Messenger
  /** The processes of my row, ranked by column. */
  readonly row: Messenger
  /** The processes of my column, ranked by row. */
  readonly column: Messenger
}

/** Where `process` comes in a ring of `size` that begins at `origin`. */
export function relativeTo(origin: number, process: number, size: number): number {
  return (process - origin + size) % size
}

/** Largest power of two that is at most `size` >= 1. */
export function powerOfTwoBelow(size: number): number {
  return 2 ** Math.floor(Math.log2(size))
}
