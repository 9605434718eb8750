/**
 * Communicators whose ranks have neighbours, and the collective calls among these (MPI 4.1, section 8.6). What the
 * neighbours are is the affair of `Cartcomm` and `Distgraph`.
 *
 * Blocks are in the order of the neighbours: that of `sources` in receive buffers, that of `destinations` in send buffers.
 * A neighbour PROC_NULL, at the edge of a grid, sends nothing: its block of the receive buffer stays as it is.
 */
import type { MessageBuffer } from '../../runtime/base/message-buffer.ts'
import type { BlockOptions } from '../arguments.ts'
import { Intracomm } from '../intracomm.ts'
import type { AlltoallvOptions } from '../options.ts'
import type { Plan } from '../plan.ts'
import {
  neighborAllgatherObjectPlan,
  neighborAllgatherPlan,
  neighborAllgathervPlan,
  neighborAlltoallObjectPlan,
  neighborAlltoallPlan,
  neighborAlltoallvPlan,
  type Neighborhood,
} from '../plans/neighbors.ts'
import type { CollectiveRequest, PersistentCollective } from '../requests.ts'

/**
 * A communicator whose ranks have neighbours.
 *
 * @example
 * // What works on grids and on graphs takes a TopologyComm.
 * const degree = (comm: TopologyComm): number => comm.sources.filter((rank) => rank !== PROC_NULL).length
 * const line = await Cartcomm.create(world, { dims: [world.size] })
 * if (line !== undefined && line.rank === 0) log(degree(line)) // → 1
 * line?.free()
 */
export abstract class TopologyComm extends Intracomm {
  /** Ranks that send to this one, in the order of the blocks in receive buffers; PROC_NULL beyond an edge. */
  abstract readonly sources: readonly number[]
  /** Ranks that this one sends to, in the order of the blocks in send buffers; PROC_NULL beyond an edge. */
  abstract readonly destinations: readonly number[]
  protected abstract readonly neighborhood: Neighborhood

  /**
   * Sends the same elements to every neighbour and gathers those of all of them. Collective.
   *
   * @param send (local) elements, as many on all ranks
   * @param recv (local) a block of as many for each of `sources`
   * @throws {MpiError} MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER for wrong arguments
   * @example
   * const ring = (await Cartcomm.create(world, { dims: [world.size], periods: [true] })) as Cartcomm
   * // Rank 1 hears from 0 and 2.
   * const [halo, again, third] = [new Int32Array(2), new Int32Array(2), new Int32Array(2)]
   * const mine = Int32Array.of(world.rank)
   * await ring.neighborAllgather(mine, halo)
   * const requests = [ring.ineighborAllgather(mine, again), ring.neighborAllgatherInit(mine, third)] as const
   * requests[1].start()
   * await waitAll(requests)
   * if (world.rank === 1) log(halo.join(), again.join(), third.join()) // → 0,2 0,2 0,2
   * requests[1].free()
   * ring.free()
   */
  neighborAllgather(send: MessageBuffer, recv: MessageBuffer): Promise<void> {
    return this.blocking(() => this.#allgather(send, recv))
  }

  /** Starts a `neighborAllgather`. Collective. @throws like `neighborAllgather` */
  ineighborAllgather(send: MessageBuffer, recv: MessageBuffer): CollectiveRequest {
    return this.nonblocking(() => this.#allgather(send, recv))
  }

  /** Prepares a `neighborAllgather`. Collective. @throws like `neighborAllgather` */
  neighborAllgatherInit(send: MessageBuffer, recv: MessageBuffer): PersistentCollective {
    return this.persistent(() => this.#allgather(send, recv))
  }

  /**
   * Like `neighborAllgather`, with blocks of any lengths. Collective.
   *
   * @param options `counts` and `displs` of the blocks in `recv`, one for each of `sources`
   * @throws {MpiError} MPI_ERR_ARG, MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER for wrong arguments
   * @example
   * const ring = (await Cartcomm.create(world, { dims: [world.size], periods: [true] })) as Cartcomm
   * // Rank r gives r + 1 elements.
   * const mine = new Int32Array(world.rank + 1).fill(world.rank)
   * const counts = ring.sources.map((rank) => rank + 1)
   * const halos = [1, 2, 3].map(() => new Int32Array((counts[0] ?? 0) + (counts[1] ?? 0)))
   * await ring.neighborAllgatherv(mine, halos[0] as Int32Array, { counts })
   * const prepared = ring.neighborAllgathervInit(mine, halos[1] as Int32Array, { counts })
   * prepared.start()
   * await waitAll([prepared, ring.ineighborAllgatherv(mine, halos[2] as Int32Array, { counts })])
   * if (world.rank === 1) log(halos.join(' ')) // → 0,2,2,2 0,2,2,2 0,2,2,2
   * prepared.free()
   * ring.free()
   */
  neighborAllgatherv(send: MessageBuffer, recv: MessageBuffer, options: BlockOptions): Promise<void> {
    return this.blocking(() => neighborAllgathervPlan(this.neighborhood, send, recv, options))
  }

  /** Starts a `neighborAllgatherv`. Collective. @throws like `neighborAllgatherv` */
  ineighborAllgatherv(send: MessageBuffer, recv: MessageBuffer, options: BlockOptions): CollectiveRequest {
    return this.nonblocking(() => neighborAllgathervPlan(this.neighborhood, send, recv, options))
  }

  /** Prepares a `neighborAllgatherv`. Collective. @throws like `neighborAllgatherv` */
  neighborAllgathervInit(send: MessageBuffer, recv: MessageBuffer, options: BlockOptions): PersistentCollective {
    return this.persistent(() => neighborAllgathervPlan(this.neighborhood, send, recv, options))
  }

  /**
   * Sends a block to every neighbour and receives one from every neighbour. Collective.
   *
   * @param send (local) a block for each of `destinations`, all of one length
   * @param recv (local) a block for each of `sources`
   * @throws {MpiError} MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER for wrong arguments
   * @example
   * const ring = (await Cartcomm.create(world, { dims: [world.size], periods: [true] })) as Cartcomm
   * // One element to the left, another to the right.
   * const mine = Int32Array.of(10 * world.rank, 10 * world.rank + 1)
   * const halos = [1, 2, 3].map(() => new Int32Array(2))
   * await ring.neighborAlltoall(mine, halos[0] as Int32Array)
   * const prepared = ring.neighborAlltoallInit(mine, halos[1] as Int32Array)
   * prepared.start()
   * await waitAll([prepared, ring.ineighborAlltoall(mine, halos[2] as Int32Array)])
   * if (world.rank === 1) log(halos.join(' ')) // → 1,20 1,20 1,20
   * prepared.free()
   * ring.free()
   */
  neighborAlltoall(send: MessageBuffer, recv: MessageBuffer): Promise<void> {
    return this.blocking(() => this.#alltoall(send, recv))
  }

  /** Starts a `neighborAlltoall`. Collective. @throws like `neighborAlltoall` */
  ineighborAlltoall(send: MessageBuffer, recv: MessageBuffer): CollectiveRequest {
    return this.nonblocking(() => this.#alltoall(send, recv))
  }

  /** Prepares a `neighborAlltoall`. Collective. @throws like `neighborAlltoall` */
  neighborAlltoallInit(send: MessageBuffer, recv: MessageBuffer): PersistentCollective {
    return this.persistent(() => this.#alltoall(send, recv))
  }

  /**
   * Like `neighborAlltoall`, with blocks of any lengths. Collective.
   *
   * @param options a count (and place) for each of `destinations` and of `sources`
   * @throws {MpiError} MPI_ERR_ARG, MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER for wrong arguments
   * @example
   * const ring = (await Cartcomm.create(world, { dims: [world.size], periods: [true] })) as Cartcomm
   * // Nothing to the left, two elements to the right.
   * const mine = new Int32Array(2).fill(world.rank)
   * const options: AlltoallvOptions = { sendCounts: [0, 2], recvCounts: [2, 0] }
   * const halos = [1, 2, 3].map(() => new Int32Array(2))
   * await ring.neighborAlltoallv(mine, halos[0] as Int32Array, options)
   * const prepared = ring.neighborAlltoallvInit(mine, halos[1] as Int32Array, options)
   * prepared.start()
   * await waitAll([prepared, ring.ineighborAlltoallv(mine, halos[2] as Int32Array, options)])
   * if (world.rank === 1) log(halos.join(' ')) // → 0,0 0,0 0,0
   * prepared.free()
   * ring.free()
   */
  neighborAlltoallv(send: MessageBuffer, recv: MessageBuffer, options: AlltoallvOptions): Promise<void> {
    return this.blocking(() => neighborAlltoallvPlan(this.neighborhood, send, recv, options))
  }

  /** Starts a `neighborAlltoallv`. Collective. @throws like `neighborAlltoallv` */
  ineighborAlltoallv(send: MessageBuffer, recv: MessageBuffer, options: AlltoallvOptions): CollectiveRequest {
    return this.nonblocking(() => neighborAlltoallvPlan(this.neighborhood, send, recv, options))
  }

  /** Prepares a `neighborAlltoallv`. Collective. @throws like `neighborAlltoallv` */
  neighborAlltoallvInit(send: MessageBuffer, recv: MessageBuffer, options: AlltoallvOptions): PersistentCollective {
    return this.persistent(() => neighborAlltoallvPlan(this.neighborhood, send, recv, options))
  }

  /**
   * Gives every neighbour a value, and this rank those of all of them, in the order of `sources`; undefined from PROC_NULL.
   * Collective.
   *
   * @throws {MpiError} MPI_ERR_TYPE if the value cannot be structured-cloned
   *
   * @example
   * const ring = (await Cartcomm.create(world, { dims: [world.size], periods: [true] })) as Cartcomm
   * const values = await ring.neighborAllgatherObject({ rank: world.rank })
   * if (world.rank === 1) log(values) // → [ { rank: 0 }, { rank: 2 } ]
   * const mine = [world.rank]
   * const [started, prepared] = [ring.ineighborAllgatherObject(mine), ring.neighborAllgatherObjectInit(mine)]
   * mine.push(7)
   * prepared.start()
   * await waitAll([started, prepared])
   * if (world.rank === 1) log(started.value, prepared.value) // → [ [ 0 ], [ 2 ] ] [ [ 0, 7 ], [ 2, 7 ] ]
   * prepared.free()
   * ring.free()
   */
  neighborAllgatherObject<T>(value: T): Promise<(T | undefined)[]> {
    return this.blocking(() => neighborAllgatherObjectPlan(this.neighborhood, value))
  }

  /** Starts a `neighborAllgatherObject`. Collective. @throws like `neighborAllgatherObject` */
  ineighborAllgatherObject<T>(value: T): CollectiveRequest<(T | undefined)[]> {
    return this.nonblocking(() => neighborAllgatherObjectPlan(this.neighborhood, value))
  }

  /** Prepares a `neighborAllgatherObject`, of what the arguments hold at each start. Collective. @throws like `neighborAllgatherObject` */
  neighborAllgatherObjectInit<T>(value: T): PersistentCollective<(T | undefined)[]> {
    return this.persistentObject(() => neighborAllgatherObjectPlan(this.neighborhood, value))
  }

  /**
   * Sends a value to each neighbour and gives those of all of them for this rank, in the order of `sources`; undefined from
   * PROC_NULL. Collective.
   *
   * @param values (local) one for each of `destinations`; those for PROC_NULL are ignored
   * @throws {MpiError} MPI_ERR_COUNT if there are more or fewer, MPI_ERR_TYPE if one cannot be cloned
   *
   * @example
   * const ring = (await Cartcomm.create(world, { dims: [world.size], periods: [true] })) as Cartcomm
   * const mine = [`left of ${world.rank}`, `right of ${world.rank}`]
   * const values = await ring.neighborAlltoallObject(mine)
   * if (world.rank === 1) log(values.join()) // → right of 0,left of 2
   * const [started, prepared] = [ring.ineighborAlltoallObject(mine), ring.neighborAlltoallObjectInit(mine)]
   * prepared.start()
   * await waitAll([started, prepared])
   * if (world.rank === 1) log(started.value?.join() === prepared.value?.join()) // → true
   * prepared.free()
   * ring.free()
   */
  neighborAlltoallObject<T>(values: readonly T[]): Promise<(T | undefined)[]> {
    return this.blocking(() => neighborAlltoallObjectPlan(this.neighborhood, values))
  }

  /** Starts a `neighborAlltoallObject`. Collective. @throws like `neighborAlltoallObject` */
  ineighborAlltoallObject<T>(values: readonly T[]): CollectiveRequest<(T | undefined)[]> {
    return this.nonblocking(() => neighborAlltoallObjectPlan(this.neighborhood, values))
  }

  /** Prepares a `neighborAlltoallObject`, of what the arguments hold at each start. Collective. @throws like `neighborAlltoallObject` */
  neighborAlltoallObjectInit<T>(values: readonly T[]): PersistentCollective<(T | undefined)[]> {
    return this.persistentObject(() => neighborAlltoallObjectPlan(this.neighborhood, values))
  }

  #allgather(send: MessageBuffer, recv: MessageBuffer): Plan {
    return neighborAllgatherPlan(this.neighborhood, send, recv)
  }

  #alltoall(send: MessageBuffer, recv: MessageBuffer): Plan {
    return neighborAlltoallPlan(this.neighborhood, send, recv)
  }
}
