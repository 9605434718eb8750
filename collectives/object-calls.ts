/**
 * The collective calls on objects: any value that can be structured-cloned, as mpi4py's lower-case calls. Blocking,
 * nonblocking and persistent; a request's `value` is what the blocking call resolves to.
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
import type { CollectiveRequest, PersistentCollective } from './requests.ts'

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

  /**
   * Starts a `bcastObject`. Collective.
   *
   * @throws like `bcastObject`
   * @example
   * const state = { step: 1 }
   * const [started, prepared] = [world.ibcastObject(state), world.bcastObjectInit(state)]
   * state.step = 2
   * prepared.start()
   * await waitAll([started, prepared])
   * if (world.rank === 3) log(started.value, prepared.value) // → { step: 1 } { step: 2 }
   * prepared.free()
   */
  ibcastObject<T>(value: T | undefined, options: RootOptions = {}): CollectiveRequest<T> {
    return this.nonblocking(() => bcastObjectPlan(this.member, value, options))
  }

  /** Prepares a `bcastObject`, of what the arguments hold at each start. Collective. @throws like `bcastObject` */
  bcastObjectInit<T>(value: T | undefined, options: RootOptions = {}): PersistentCollective<T> {
    return this.persistentObject(() => bcastObjectPlan(this.member, value, options))
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

  /**
   * Starts a `gatherObject`. Collective.
   *
   * @throws like `gatherObject`
   * @example
   * const [started, prepared] = [world.igatherObject(world.rank), world.gatherObjectInit(world.rank)]
   * prepared.start()
   * await waitAll([started, prepared])
   * if (world.rank === 0) log(started.value, prepared.value) // → [ 0, 1, 2, 3 ] [ 0, 1, 2, 3 ]
   * prepared.free()
   */
  igatherObject<T>(value: T, options: RootOptions = {}): CollectiveRequest<T[] | undefined> {
    return this.nonblocking(() => gatherObjectPlan(this.member, value, options))
  }

  /** Prepares a `gatherObject`, of what the arguments hold at each start. Collective. @throws like `gatherObject` */
  gatherObjectInit<T>(value: T, options: RootOptions = {}): PersistentCollective<T[] | undefined> {
    return this.persistentObject(() => gatherObjectPlan(this.member, value, options))
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

  /**
   * Starts a `scatterObject`. Collective.
   *
   * @throws like `scatterObject`
   * @example
   * const [started, prepared] = [world.iscatterObject(['a', 'b', 'c', 'd']), world.scatterObjectInit(['a', 'b', 'c', 'd'])]
   * prepared.start()
   * await waitAll([started, prepared])
   * if (world.rank === 2) log(started.value, prepared.value) // → c c
   * prepared.free()
   */
  iscatterObject<T>(values: readonly T[] | undefined, options: RootOptions = {}): CollectiveRequest<T> {
    return this.nonblocking(() => scatterObjectPlan(this.member, values, options))
  }

  /** Prepares a `scatterObject`, of what the arguments hold at each start. Collective. @throws like `scatterObject` */
  scatterObjectInit<T>(values: readonly T[] | undefined, options: RootOptions = {}): PersistentCollective<T> {
    return this.persistentObject(() => scatterObjectPlan(this.member, values, options))
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

  /**
   * Starts an `allgatherObject`. Collective.
   *
   * @throws like `allgatherObject`
   * @example
   * const [started, prepared] = [world.iallgatherObject(world.rank), world.allgatherObjectInit(world.rank)]
   * prepared.start()
   * await waitAll([started, prepared])
   * if (world.rank === 1) log(started.value, prepared.value) // → [ 0, 1, 2, 3 ] [ 0, 1, 2, 3 ]
   * prepared.free()
   */
  iallgatherObject<T>(value: T): CollectiveRequest<T[]> {
    return this.nonblocking(() => allgatherObjectPlan(value))
  }

  /** Prepares an `allgatherObject`, of what the arguments hold at each start. Collective. @throws like `allgatherObject` */
  allgatherObjectInit<T>(value: T): PersistentCollective<T[]> {
    return this.persistentObject(() => allgatherObjectPlan(value))
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

  /**
   * Starts an `alltoallObject`. Collective.
   *
   * @throws like `alltoallObject`
   * @example
   * const [started, prepared] = [world.ialltoallObject([0, 1, 2, 3].map((dest) => 10 * world.rank + dest)), world.alltoallObjectInit([0, 1, 2, 3].map((dest) => 10 * world.rank + dest))]
   * prepared.start()
   * await waitAll([started, prepared])
   * if (world.rank === 1) log(started.value, prepared.value) // → [ 1, 11, 21, 31 ] [ 1, 11, 21, 31 ]
   * prepared.free()
   */
  ialltoallObject<T>(values: readonly T[]): CollectiveRequest<T[]> {
    return this.nonblocking(() => alltoallObjectPlan(this.member, values))
  }

  /** Prepares an `alltoallObject`, of what the arguments hold at each start. Collective. @throws like `alltoallObject` */
  alltoallObjectInit<T>(values: readonly T[]): PersistentCollective<T[]> {
    return this.persistentObject(() => alltoallObjectPlan(this.member, values))
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

  /**
   * Starts a `reduceObject`. Collective.
   *
   * @throws like `reduceObject`
   * @example
   * const [started, prepared] = [world.ireduceObject(String(world.rank), (lower, upper) => lower + upper), world.reduceObjectInit(String(world.rank), (lower, upper) => lower + upper)]
   * prepared.start()
   * await waitAll([started, prepared])
   * if (world.rank === 0) log(started.value, prepared.value) // → 0123 0123
   * prepared.free()
   */
  ireduceObject<T>(value: T, combine: Combine<T>, options: RootOptions = {}): CollectiveRequest<T | undefined> {
    return this.nonblocking(() => reduceObjectPlan(this.member, value, combine, options))
  }

  /** Prepares a `reduceObject`, of what the arguments hold at each start. Collective. @throws like `reduceObject` */
  reduceObjectInit<T>(value: T, combine: Combine<T>, options: RootOptions = {}): PersistentCollective<T | undefined> {
    return this.persistentObject(() => reduceObjectPlan(this.member, value, combine, options))
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

  /**
   * Starts an `allreduceObject`. Collective.
   *
   * @throws like `allreduceObject`
   * @example
   * const [started, prepared] = [world.iallreduceObject(String(world.rank), (lower, upper) => lower + upper), world.allreduceObjectInit(String(world.rank), (lower, upper) => lower + upper)]
   * prepared.start()
   * await waitAll([started, prepared])
   * if (world.rank === 2) log(started.value, prepared.value) // → 0123 0123
   * prepared.free()
   */
  iallreduceObject<T>(value: T, combine: Combine<T>): CollectiveRequest<T> {
    return this.nonblocking(() => allreduceObjectPlan(value, combine))
  }

  /** Prepares an `allreduceObject`, of what the arguments hold at each start. Collective. @throws like `allreduceObject` */
  allreduceObjectInit<T>(value: T, combine: Combine<T>): PersistentCollective<T> {
    return this.persistentObject(() => allreduceObjectPlan(value, combine))
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

  /**
   * Starts a `scanObject`. Collective.
   *
   * @throws like `scanObject`
   * @example
   * const [started, prepared] = [world.iscanObject(String(world.rank), (lower, upper) => lower + upper), world.scanObjectInit(String(world.rank), (lower, upper) => lower + upper)]
   * prepared.start()
   * await waitAll([started, prepared])
   * if (world.rank === 2) log(started.value, prepared.value) // → 012 012
   * prepared.free()
   */
  iscanObject<T>(value: T, combine: Combine<T>): CollectiveRequest<T> {
    return this.nonblocking(() => scanObjectPlan(this.member, value, combine))
  }

  /** Prepares a `scanObject`, of what the arguments hold at each start. Collective. @throws like `scanObject` */
  scanObjectInit<T>(value: T, combine: Combine<T>): PersistentCollective<T> {
    return this.persistentObject(() => scanObjectPlan(this.member, value, combine))
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

  /**
   * Starts an `exscanObject`. Collective.
   *
   * @throws like `exscanObject`
   * @example
   * const [started, prepared] = [world.iexscanObject(String(world.rank), (lower, upper) => lower + upper), world.exscanObjectInit(String(world.rank), (lower, upper) => lower + upper)]
   * prepared.start()
   * await waitAll([started, prepared])
   * if (world.rank === 2) log(started.value, prepared.value) // → 01 01
   * prepared.free()
   */
  iexscanObject<T>(value: T, combine: Combine<T>): CollectiveRequest<T | undefined> {
    return this.nonblocking(() => exscanObjectPlan(this.member, value, combine))
  }

  /** Prepares an `exscanObject`, of what the arguments hold at each start. Collective. @throws like `exscanObject` */
  exscanObjectInit<T>(value: T, combine: Combine<T>): PersistentCollective<T | undefined> {
    return this.persistentObject(() => exscanObjectPlan(this.member, value, combine))
  }
}
