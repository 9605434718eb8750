/**
 * The collective calls whose blocks differ in length: gatherv, scatterv, allgatherv, alltoallv (MPI 4.1, sections 6.5 to
 * 6.8). Lengths and places of blocks are counted in elements and checked before anything is sent.
 */
import { IN_PLACE } from '../runtime/base/constants.ts'
import type { MessageBuffer } from '../runtime/base/message-buffer.ts'
import { alltoallPairwise } from './alltoall/pairwise.ts'
import {
  checkBlocks,
  checkOwnBlock,
  checkRoot,
  checkTypes,
  present,
  readable,
  writable,
  type BlockOptions,
} from './arguments.ts'
import { copyElements, likeMine, type Blocks } from './blocks.ts'
import { BufferCalls, type InPlace, type RootOptions } from './buffer-calls.ts'
import { gatherDirect } from './gather/direct.ts'
import { scatterDirect } from './scatter/direct.ts'
import { select } from './selection.ts'

/** Of gatherv and scatterv: the blocks are the root's affair; elsewhere they are ignored. */
export interface RootBlockOptions extends RootOptions, Partial<BlockOptions> {}

/** Where the blocks to and from each rank lie. */
export interface AlltoallvOptions {
  /** Elements for each rank. */
  readonly sendCounts: readonly number[]
  /** Elements from each rank: what it has in `sendCounts` for this one. */
  readonly recvCounts: readonly number[]
  /** Where each block begins; default: one after the other. */
  readonly sendDispls?: readonly number[]
  readonly recvDispls?: readonly number[]
}

export class VectorCalls extends BufferCalls {
  /**
   * Gives the root the blocks of all ranks, of any lengths. Collective.
   *
   * @param send (local) the rank's block; IN_PLACE on the root if it is in `recv`
   * @param recv (root only) where the blocks go, by `counts` and `displs`
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_ARG, MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_BUFFER for wrong arguments
   */
  async gatherv(
    send: MessageBuffer | InPlace,
    recv: MessageBuffer | undefined,
    options: RootBlockOptions,
  ): Promise<void> {
    const { root = 0 } = options
    checkRoot('gatherv', root, this.size)
    const target = this.rank === root ? this.#collected('gatherv', send, recv, options) : undefined
    const mine = target?.blocks.of(root) ?? readable(present('gatherv', 'the send buffer', send), 'gatherv')
    const channel = this.channel('gatherv', { root })
    await gatherDirect(channel, mine, target?.blocks ?? likeMine(mine), root)
    target?.commit()
    channel.end()
  }

  /**
   * Gives each rank its block of the root's elements, of any length. Collective.
   *
   * @param send (root only) the blocks, by `counts` and `displs`
   * @param recv (local) where the rank's block goes; IN_PLACE on the root leaves its own where it is
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_ARG, MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_BUFFER for wrong arguments
   */
  async scatterv(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | InPlace,
    options: RootBlockOptions,
  ): Promise<void> {
    const { root = 0 } = options
    checkRoot('scatterv', root, this.size)
    const blocks = this.rank === root ? this.#dealt('scatterv', send, options) : undefined
    const target =
      blocks !== undefined && recv === IN_PLACE
        ? undefined
        : writable(present('scatterv', 'the receive buffer', recv), 'scatterv')
    if (blocks !== undefined && target !== undefined) {
      checkOwnBlock('scatterv', target.array, blocks, root)
      copyElements(target.array, blocks.of(root))
    }
    const channel = this.channel('scatterv', { root })
    const mine = target?.array ?? (blocks as Blocks).of(root)
    await scatterDirect(channel, blocks ?? likeMine(mine), mine, root)
    target?.commit()
    channel.end()
  }

  /**
   * Gives all ranks the blocks of all ranks, of any lengths. Collective.
   *
   * @param send (local) the rank's block; IN_PLACE if it is in `recv`
   * @param options `counts` (global) and `displs` (local) of the blocks in `recv`
   * @throws {MpiError} MPI_ERR_ARG, MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_BUFFER for wrong arguments
   */
  async allgatherv(send: MessageBuffer | InPlace, recv: MessageBuffer, options: BlockOptions): Promise<void> {
    const { blocks, commit } = this.#collected('allgatherv', send, recv, options)
    const nbytes = options.counts.reduce((sum, count) => sum + count, 0) * blocks.array.BYTES_PER_ELEMENT
    const channel = this.channel('allgatherv')
    await channel.uses(select('allgather', { nbytes, size: this.size }, this.algorithms))(channel, blocks)
    commit()
    channel.end()
  }

  /**
   * Sends a block to every rank and receives one from every rank, of any lengths. Collective.
   *
   * @throws {MpiError} MPI_ERR_ARG, MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_BUFFER for wrong arguments
   */
  async alltoallv(send: MessageBuffer, recv: MessageBuffer, options: AlltoallvOptions): Promise<void> {
    const { sendCounts, recvCounts, sendDispls, recvDispls } = options
    // Blocks need not cover the receive buffer: what lies between them must survive a packed view.
    const target = writable(present('alltoallv', 'the receive buffer', recv), 'alltoallv', true)
    const array = readable(present('alltoallv', 'the send buffer', send), 'alltoallv')
    checkTypes('alltoallv', array, target.array)
    const sent = checkBlocks('alltoallv', array, blockOptions(sendCounts, sendDispls), this.size)
    const received = checkBlocks('alltoallv', target.array, blockOptions(recvCounts, recvDispls), this.size)
    checkOwnBlock('alltoallv', sent.of(this.rank), received, this.rank)
    const channel = this.channel('alltoallv')
    await alltoallPairwise(channel, sent, received)
    target.commit()
    channel.end()
  }

  /** A receive buffer with a block for each rank, the caller's own in place. */
  #collected(
    call: string,
    send: MessageBuffer | InPlace,
    recv: MessageBuffer | undefined,
    { counts, displs }: Partial<BlockOptions>,
  ): { blocks: Blocks; commit: () => void } {
    const { array, commit } = writable(present(call, 'the receive buffer', recv), call, true)
    const blocks = checkBlocks(call, array, blockOptions(counts, displs), this.size)
    if (send === IN_PLACE) return { blocks, commit }
    const mine = readable(send, call)
    checkOwnBlock(call, mine, blocks, this.rank)
    copyElements(blocks.of(this.rank), mine)
    return { blocks, commit }
  }

  /** A send buffer with a block for each rank. */
  #dealt(call: string, send: MessageBuffer | undefined, { counts, displs }: Partial<BlockOptions>): Blocks {
    const array = readable(present(call, 'the send buffer', send), call)
    return checkBlocks(call, array, blockOptions(counts, displs), this.size)
  }
}

/** Missing counts are for `checkBlocks` to find. */
function blockOptions(counts: readonly number[] | undefined, displs: readonly number[] | undefined): BlockOptions {
  return displs === undefined ? { counts: counts ?? [] } : { counts: counts ?? [], displs }
}
