/**
 * The collective calls on objects of intercommunicators: any value that can be structured-cloned. Blocking, nonblocking and
 * persistent; a request's `value` is what the blocking call resolves to. `root` means what it does for buffers.
 */
import { IntercommPersistentCalls } from './intercomm-persistent-calls.ts'
import type { IntercommRootOptions } from './plans/across.ts'
import {
  allgatherObjectAcross,
  allreduceObjectAcross,
  alltoallObjectAcross,
  bcastObjectAcross,
  gatherObjectAcross,
  reduceObjectAcross,
  scatterObjectAcross,
} from './plans/across-objects.ts'
import type { Combine } from './plans/objects.ts'
import type { CollectiveRequest, PersistentCollective } from './requests.ts'

export class IntercommObjectCalls extends IntercommPersistentCalls {
  /**
   * Gives all ranks of the other side the root's value; undefined on the root's side. Collective.
   *
   * @throws {MpiError} MPI_ERR_TYPE if the value cannot be structured-cloned, MPI_ERR_ROOT
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * // The first even rank is the root.
   * const root = world.rank % 2 === 1 ? 0 : half.rank === 0 ? ROOT : PROC_NULL
   * const settings = { n: 1 }
   * const next = inter.bcastObjectInit(settings, { root })
   * log((await inter.bcastObject(settings, { root }))?.n === (root === 0 ? 1 : undefined)) // → true
   * const request = inter.ibcastObject({ n: 2 }, { root })
   * await request.wait()
   * if (world.rank === 1) log(request.value) // → { n: 2 }
   * settings.n = 3
   * next.start()
   * await next.wait()
   * if (world.rank === 1) log(next.value) // → { n: 3 }
   * next.free()
   * inter.free()
   * half.free()
   */
  bcastObject<T>(value: T | undefined, options: IntercommRootOptions): Promise<T | undefined> {
    return this.blocking(() => bcastObjectAcross(this.sides, value, options))
  }

  /** Starts a `bcastObject`. Collective. @throws like `bcastObject` */
  ibcastObject<T>(value: T | undefined, options: IntercommRootOptions): CollectiveRequest<T | undefined> {
    return this.nonblocking(() => bcastObjectAcross(this.sides, value, options))
  }

  /** Prepares a `bcastObject`, of what the arguments hold at each start. Collective. @throws like `bcastObject` */
  bcastObjectInit<T>(value: T | undefined, options: IntercommRootOptions): PersistentCollective<T | undefined> {
    return this.persistentObject(() => bcastObjectAcross(this.sides, value, options))
  }

  /**
   * Gives the root the values of the other side, by rank there; resolves to undefined elsewhere. Collective.
   *
   * @throws {MpiError} MPI_ERR_TYPE if the value cannot be structured-cloned, MPI_ERR_ROOT
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * // The first even rank is the root.
   * const root = world.rank % 2 === 1 ? 0 : half.rank === 0 ? ROOT : PROC_NULL
   * const started = inter.igatherObject(world.rank, { root })
   * const prepared = inter.gatherObjectInit(world.rank, { root })
   * prepared.start()
   * await waitAll([started, prepared])
   * prepared.free()
   * const values = await inter.gatherObject(world.rank, { root })
   * if (world.rank === 0) log(values, started.value, prepared.value) // → [ 1, 3 ] [ 1, 3 ] [ 1, 3 ]
   * inter.free()
   * half.free()
   */
  gatherObject<T>(value: T | undefined, options: IntercommRootOptions): Promise<T[] | undefined> {
    return this.blocking(() => gatherObjectAcross(this.sides, value, options))
  }

  /** Starts a `gatherObject`. Collective. @throws like `gatherObject` */
  igatherObject<T>(value: T | undefined, options: IntercommRootOptions): CollectiveRequest<T[] | undefined> {
    return this.nonblocking(() => gatherObjectAcross(this.sides, value, options))
  }

  /** Prepares a `gatherObject`, of what the arguments hold at each start. Collective. @throws like `gatherObject` */
  gatherObjectInit<T>(value: T | undefined, options: IntercommRootOptions): PersistentCollective<T[] | undefined> {
    return this.persistentObject(() => gatherObjectAcross(this.sides, value, options))
  }

  /**
   * Gives each rank of the other side its value of the root's list; undefined on the root's side. Collective.
   *
   * @param values one for each rank over there, on the root
   * @throws {MpiError} MPI_ERR_COUNT if there are more or fewer, MPI_ERR_TYPE if one cannot be cloned, MPI_ERR_ROOT
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * // The first even rank is the root.
   * const root = world.rank % 2 === 1 ? 0 : half.rank === 0 ? ROOT : PROC_NULL
   * const started = inter.iscatterObject(['a', 'b'], { root })
   * const prepared = inter.scatterObjectInit(['a', 'b'], { root })
   * prepared.start()
   * await waitAll([started, prepared])
   * prepared.free()
   * const values = await inter.scatterObject(['a', 'b'], { root })
   * if (world.rank === 3) log(values, started.value, prepared.value) // → b b b
   * inter.free()
   * half.free()
   */
  scatterObject<T>(values: readonly T[] | undefined, options: IntercommRootOptions): Promise<T | undefined> {
    return this.blocking(() => scatterObjectAcross(this.sides, values, options))
  }

  /** Starts a `scatterObject`. Collective. @throws like `scatterObject` */
  iscatterObject<T>(values: readonly T[] | undefined, options: IntercommRootOptions): CollectiveRequest<T | undefined> {
    return this.nonblocking(() => scatterObjectAcross(this.sides, values, options))
  }

  /** Prepares a `scatterObject`, of what the arguments hold at each start. Collective. @throws like `scatterObject` */
  scatterObjectInit<T>(
    values: readonly T[] | undefined,
    options: IntercommRootOptions,
  ): PersistentCollective<T | undefined> {
    return this.persistentObject(() => scatterObjectAcross(this.sides, values, options))
  }

  /**
   * Gives all ranks the values of the other side's ranks, by rank there. Collective.
   *
   * @throws {MpiError} MPI_ERR_TYPE if one cannot be cloned
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * const started = inter.iallgatherObject(world.rank)
   * const prepared = inter.allgatherObjectInit(world.rank)
   * prepared.start()
   * await waitAll([started, prepared])
   * prepared.free()
   * const values = await inter.allgatherObject(world.rank)
   * if (world.rank === 2) log(values, started.value, prepared.value) // → [ 1, 3 ] [ 1, 3 ] [ 1, 3 ]
   * inter.free()
   * half.free()
   */
  allgatherObject<T>(value: T): Promise<T[]> {
    return this.blocking(() => allgatherObjectAcross(this.sides, value))
  }

  /** Starts an `allgatherObject`. Collective. @throws like `allgatherObject` */
  iallgatherObject<T>(value: T): CollectiveRequest<T[]> {
    return this.nonblocking(() => allgatherObjectAcross(this.sides, value))
  }

  /** Prepares an `allgatherObject`, of what the arguments hold at each start. Collective. @throws like `allgatherObject` */
  allgatherObjectInit<T>(value: T): PersistentCollective<T[]> {
    return this.persistentObject(() => allgatherObjectAcross(this.sides, value))
  }

  /**
   * Sends a value to every rank of the other side and gives those of all of them for this one, by rank there. Collective.
   *
   * @param values (local) one for each rank over there
   * @throws {MpiError} MPI_ERR_COUNT if there are more or fewer, MPI_ERR_TYPE if one cannot be cloned
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * const started = inter.ialltoallObject([world.rank, -world.rank])
   * const prepared = inter.alltoallObjectInit([world.rank, -world.rank])
   * prepared.start()
   * await waitAll([started, prepared])
   * prepared.free()
   * const values = await inter.alltoallObject([world.rank, -world.rank])
   * if (world.rank === 2) log(values, started.value, prepared.value) // → [ -1, -3 ] [ -1, -3 ] [ -1, -3 ]
   * inter.free()
   * half.free()
   */
  alltoallObject<T>(values: readonly T[]): Promise<T[]> {
    return this.blocking(() => alltoallObjectAcross(this.sides, values))
  }

  /** Starts an `alltoallObject`. Collective. @throws like `alltoallObject` */
  ialltoallObject<T>(values: readonly T[]): CollectiveRequest<T[]> {
    return this.nonblocking(() => alltoallObjectAcross(this.sides, values))
  }

  /** Prepares an `alltoallObject`, of what the arguments hold at each start. Collective. @throws like `alltoallObject` */
  alltoallObjectInit<T>(values: readonly T[]): PersistentCollective<T[]> {
    return this.persistentObject(() => alltoallObjectAcross(this.sides, values))
  }

  /**
   * Gives the root the other side's values combined in rank order; resolves to undefined elsewhere. Collective.
   *
   * @param combine (root only runs it) value of lower ranks, value of higher ranks -> their combination
   * @throws {MpiError} MPI_ERR_TYPE if the value cannot be cloned, MPI_ERR_ROOT, MPI_ERR_OP
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * // The first even rank is the root.
   * const root = world.rank % 2 === 1 ? 0 : half.rank === 0 ? ROOT : PROC_NULL
   * const started = inter.ireduceObject(String(world.rank), (lower, upper) => lower + upper, { root })
   * const prepared = inter.reduceObjectInit(String(world.rank), (lower, upper) => lower + upper, { root })
   * prepared.start()
   * await waitAll([started, prepared])
   * prepared.free()
   * const values = await inter.reduceObject(String(world.rank), (lower, upper) => lower + upper, { root })
   * if (world.rank === 0) log(values, started.value, prepared.value) // → 13 13 13
   * inter.free()
   * half.free()
   */
  reduceObject<T>(value: T | undefined, combine: Combine<T>, options: IntercommRootOptions): Promise<T | undefined> {
    return this.blocking(() => reduceObjectAcross(this.sides, value, combine, options))
  }

  /** Starts a `reduceObject`. Collective. @throws like `reduceObject` */
  ireduceObject<T>(
    value: T | undefined,
    combine: Combine<T>,
    options: IntercommRootOptions,
  ): CollectiveRequest<T | undefined> {
    return this.nonblocking(() => reduceObjectAcross(this.sides, value, combine, options))
  }

  /** Prepares a `reduceObject`, of what the arguments hold at each start. Collective. @throws like `reduceObject` */
  reduceObjectInit<T>(
    value: T | undefined,
    combine: Combine<T>,
    options: IntercommRootOptions,
  ): PersistentCollective<T | undefined> {
    return this.persistentObject(() => reduceObjectAcross(this.sides, value, combine, options))
  }

  /**
   * Gives all ranks the other side's values combined in rank order. Collective. Errors are those of `reduceObject`.
   *
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * const started = inter.iallreduceObject(String(world.rank), (lower, upper) => lower + upper)
   * const prepared = inter.allreduceObjectInit(String(world.rank), (lower, upper) => lower + upper)
   * prepared.start()
   * await waitAll([started, prepared])
   * prepared.free()
   * const values = await inter.allreduceObject(String(world.rank), (lower, upper) => lower + upper)
   * if (world.rank === 2) log(values, started.value, prepared.value) // → 13 13 13
   * inter.free()
   * half.free()
   */
  allreduceObject<T>(value: T, combine: Combine<T>): Promise<T> {
    return this.blocking(() => allreduceObjectAcross(this.sides, value, combine))
  }

  /** Starts an `allreduceObject`. Collective. @throws like `allreduceObject` */
  iallreduceObject<T>(value: T, combine: Combine<T>): CollectiveRequest<T> {
    return this.nonblocking(() => allreduceObjectAcross(this.sides, value, combine))
  }

  /** Prepares an `allreduceObject`, of what the arguments hold at each start. Collective. @throws like `allreduceObject` */
  allreduceObjectInit<T>(value: T, combine: Combine<T>): PersistentCollective<T> {
    return this.persistentObject(() => allreduceObjectAcross(this.sides, value, combine))
  }
}
