/**
 * `run`: the only way into the runtime. Joins the job this thread belongs to, hands the program its communicators, and
 * reports to the launcher how it ended.
 */
import type { Intracomm } from './collectives/intracomm.ts'
import { createWorld } from './collectives/world.ts'
import { MpiError } from './runtime/base/errors.ts'
import type { TypedArray, TypedArrayConstructor } from './runtime/base/element-type.ts'
import { Engine } from './runtime/engine/engine.ts'
import { InprocHub } from './runtime/transport/inproc.ts'

/** What a program's main function is given. */
export interface RankContext {
  /** All ranks of the job. */
  readonly world: Intracomm
  /** This rank alone. */
  readonly self: Intracomm
  /** Arguments of the program, after its name on the command line. */
  readonly argv: readonly string[]
  /** Prints one line on standard output; lines of different ranks never mix. */
  log(...values: unknown[]): void
  /**
   * A zeroed array in memory that the ranks of this host share: messages from it to a rank of the same host are copied
   * once, straight into the receiver's buffer. Local. Give it back with `free`.
   *
   * @throws {MpiError} MPI_ERR_NO_MEM if the shared heap is full
   */
  alloc<T extends TypedArray>(type: TypedArrayConstructor<T>, length: number): T
  /** Gives memory of `alloc` back; the array must not be used afterwards. Local. */
  free(array: TypedArray): void
  /**
   * Makes shared memory of your own, for instance that of a `WebAssembly.Memory`, readable by the ranks of this host, as
   * memory of `alloc` is. Local.
   */
  share(memory: SharedArrayBuffer): void
}

/**
 * Runs `main` as this rank's part of the job. Resolves to what `main` returns.
 *
 * @throws what `main` throws; uncaught, it ends the whole job, and the launcher prints rank, host and stack
 */
export async function run<T>(main: (context: RankContext) => Promise<T> | T): Promise<T> {
  const hub = new InprocHub(1)
  const engine = new Engine((progress) => hub.open(0, progress))
  const { world, self } = createWorld(engine, (code) => process.exit(code))
  return main({
    world,
    self,
    argv: process.argv.slice(2),
    log: (...values) => console.log(...values),
    alloc: (type, length) => new type(new SharedArrayBuffer(length * type.BYTES_PER_ELEMENT)),
    free: (array) => {
      if (!(array.buffer instanceof SharedArrayBuffer))
        throw new MpiError('MPI_ERR_ARG', 'free: the array does not come from alloc')
    },
    share: () => undefined,
  })
}
