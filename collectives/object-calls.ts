/**
 * The collective calls on objects: any value that can be structured-cloned, as mpi4py's lower-case calls. Blocking and
 * nonblocking; a request's `value` is what the blocking call resolves to.
 */
import type { RootOptions } from './options.ts'
import { PersistentCalls } from './persistent-calls.ts'
import {
  allgatherObjectPlan,
  allreduceObjectPlan,
  alltoallObjectPlan,
  bcastObjectPlan,
  exscanObjectPlan,
  gatherObjectPlan,
  reduceObjectPlan,
  scanObjectPlan,
  scatterObjectPlan,
  type Combine,
} from './plans/objects.ts'
import type { CollectiveRequest } from './requests.ts'

export class ObjectCalls extends PersistentCalls {
  /**
   * Gives all ranks the root's value; on the other ranks, `value` is ignored. Collective.
   *
   * @throws {MpiError} MPI_ERR_TYPE if the value cannot be structured-cloned, MPI_ERR_ROOT
   * @example
   * const settings = await world.bcastObject(world.rank === 0 ? { n: 10, names: new Set(['a']) } : undefined)
   * log(settings.n, settings.names.size) // → 10 1
   */
  bcastObject<T>(value: T | undefined, options: RootOptions = {}): Promise<T> {
    return this.blocking(() => bcastObjectPlan(this.member, value, options))
  }

  /** Starts a `bcastObject`. Collective. @throws like `bcastObject` */
  ibcastObject<T>(value: T | undefined, options: RootOptions = {}): CollectiveRequest<T> {
    return this.nonblocking(() => bcastObjectPlan(this.member, value, options))
  }

  /**
   * Gives the root the values of all ranks, by rank; resolves to undefined elsewhere. Collective.
   *
   * @throws {MpiError} MPI_ERR_TYPE if the value cannot be structured-cloned, MPI_ERR_ROOT
   * @example
   * const names = await world.gatherObject(`rank ${world.rank}`)
   * if (world.rank === 0) log(names?.at(-1)) // → rank 3
   */
  gatherObject<T>(value: T, options: RootOptions = {}): Promise<T[] | undefined> {
    return this.blocking(() => gatherObjectPlan(this.member, value, options))
  }

  /** Starts a `gatherObject`. Collective. @throws like `gatherObject` */
  igatherObject<T>(value: T, options: RootOptions = {}): CollectiveRequest<T[] | undefined> {
    return this.nonblocking(() => gatherObjectPlan(this.member, value, options))
  }

  /**
   * Gives each rank its value of the root's list; on the other ranks, `values` is ignored. Collective.
   *
   * @param values one for each rank, on the root
   * @throws {MpiError} MPI_ERR_COUNT if there are more or fewer, MPI_ERR_TYPE if one cannot be cloned, MPI_ERR_ROOT
   * @example
   * const mine = await world.scatterObject(world.rank === 0 ? ['a', 'b', 'c', 'd'] : undefined)
   * if (world.rank === 2) log(mine) // → c
   */
  scatterObject<T>(values: readonly T[] | undefined, options: RootOptions = {}): Promise<T> {
    return this.blocking(() => scatterObjectPlan(this.member, values, options))
  }

  /** Starts a `scatterObject`. Collective. @throws like `scatterObject` */
  iscatterObject<T>(values: readonly T[] | undefined, options: RootOptions = {}): CollectiveRequest<T> {
    return this.nonblocking(() => scatterObjectPlan(this.member, values, options))
  }

  /**
   * Gives all ranks the values of all ranks, by rank. Collective.
   *
   * @throws {MpiError} MPI_ERR_TYPE if one cannot be cloned
   * @example
   * log(await world.allgatherObject(world.rank ** 2)) // → [ 0, 1, 4, 9 ]
   */
  allgatherObject<T>(value: T): Promise<T[]> {
    return this.blocking(() => allgatherObjectPlan(value))
  }

  /** Starts an `allgatherObject`. Collective. @throws like `allgatherObject` */
  iallgatherObject<T>(value: T): CollectiveRequest<T[]> {
    return this.nonblocking(() => allgatherObjectPlan(value))
  }

  /**
   * Sends a value to every rank and gives those of all ranks for this one, by rank. Collective.
   *
   * @param values (local) one for each rank
   * @throws {MpiError} MPI_ERR_COUNT if there are more or fewer, MPI_ERR_TYPE if one cannot be cloned
   * @example
   * const received = await world.alltoallObject(['to 0', 'to 1', 'to 2', 'to 3'])
   * if (world.rank === 1) log(received[3]) // → to 1
   */
  alltoallObject<T>(values: readonly T[]): Promise<T[]> {
    return this.blocking(() => alltoallObjectPlan(this.member, values))
  }

  /** Starts an `alltoallObject`. Collective. @throws like `alltoallObject` */
  ialltoallObject<T>(values: readonly T[]): CollectiveRequest<T[]> {
    return this.nonblocking(() => alltoallObjectPlan(this.member, values))
  }

  /**
   * Gives the root the values of all ranks combined in rank order; resolves to undefined elsewhere. Collective.
   *
   * @param combine (root only runs it) value of lower ranks, value of higher ranks -> their combination
   * @throws {MpiError} MPI_ERR_TYPE if the value cannot be cloned, MPI_ERR_ROOT, MPI_ERR_OP
   * @example
   * const words = await world.reduceObject(new Set([world.rank % 2]), (a, b) => new Set([...a, ...b]))
   * if (world.rank === 0) log(words?.size) // → 2
   */
  reduceObject<T>(value: T, combine: Combine<T>, options: RootOptions = {}): Promise<T | undefined> {
    return this.blocking(() => reduceObjectPlan(this.member, value, combine, options))
  }

  /** Starts a `reduceObject`. Collective. @throws like `reduceObject` */
  ireduceObject<T>(value: T, combine: Combine<T>, options: RootOptions = {}): CollectiveRequest<T | undefined> {
    return this.nonblocking(() => reduceObjectPlan(this.member, value, combine, options))
  }

  /**
   * Gives all ranks the values of all ranks combined in rank order. Collective. Errors are those of `reduceObject`.
   *
   * @example
   * log(await world.allreduceObject(String(world.rank), (lower, upper) => lower + upper)) // → 0123
   */
  allreduceObject<T>(value: T, combine: Combine<T>): Promise<T> {
    return this.blocking(() => allreduceObjectPlan(value, combine))
  }

  /** Starts an `allreduceObject`. Collective. @throws like `allreduceObject` */
  iallreduceObject<T>(value: T, combine: Combine<T>): CollectiveRequest<T> {
    return this.nonblocking(() => allreduceObjectPlan(value, combine))
  }

  /**
   * Gives each rank the values of the ranks up to it combined in rank order. Collective. Errors are those of `reduceObject`.
   *
   * @example
   * log((await world.scanObject(String(world.rank), (lower, upper) => lower + upper)).length === world.rank + 1) // → true
   */
  scanObject<T>(value: T, combine: Combine<T>): Promise<T> {
    return this.blocking(() => scanObjectPlan(this.member, value, combine))
  }

  /** Starts a `scanObject`. Collective. @throws like `scanObject` */
  iscanObject<T>(value: T, combine: Combine<T>): CollectiveRequest<T> {
    return this.nonblocking(() => scanObjectPlan(this.member, value, combine))
  }

  /**
   * Gives each rank the values of the ranks below it combined in rank order; resolves to undefined on rank 0. Collective.
   * Errors are those of `reduceObject`.
   *
   * @example
   * const before = await world.exscanObject([world.rank], (lower, upper) => [...lower, ...upper])
   * if (world.rank === 3) log(before) // → [ 0, 1, 2 ]
   */
  exscanObject<T>(value: T, combine: Combine<T>): Promise<T | undefined> {
    return this.blocking(() => exscanObjectPlan(this.member, value, combine))
  }

  /** Starts an `exscanObject`. Collective. @throws like `exscanObject` */
  iexscanObject<T>(value: T, combine: Combine<T>): CollectiveRequest<T | undefined> {
    return this.nonblocking(() => exscanObjectPlan(this.member, value, combine))
  }
}
