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
  neighborAllgatherPlan,
  neighborAllgathervPlan,
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

  #allgather(send: MessageBuffer, recv: MessageBuffer): Plan {
    return neighborAllgatherPlan(this.neighborhood, send, recv)
  }

  #alltoall(send: MessageBuffer, recv: MessageBuffer): Plan {
    return neighborAlltoallPlan(this.neighborhood, send, recv)
  }
}
