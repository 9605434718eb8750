/** Plans of the calls whose blocks differ in length: gatherv, scatterv, allgatherv, alltoallv. */
import { IN_PLACE } from '../../runtime/base/constants.ts'
import type { MessageBuffer } from '../../runtime/base/message-buffer.ts'
import { alltoallPairwise } from '../alltoall/pairwise.ts'
import {
  blockOptions,
  checkBlocks,
  checkOwnBlock,
  rootOf,
  checkTypes,
  received,
  sent,
  settled,
  type BlockOptions,
} from '../arguments.ts'
import { blocksAt, copyElements, likeMine, type Blocks } from '../blocks.ts'
import { gatherDirect } from '../gather/direct.ts'
import type { AlltoallvOptions, InPlace, RootBlockOptions } from '../options.ts'
import { inOrder, type Member, type Plan } from '../plan.ts'
import { scatterDirect } from '../scatter/direct.ts'
import { exchange, loadBlock } from './movement.ts'

export function gathervPlan(
  member: Member,
  send: MessageBuffer | InPlace,
  recv: MessageBuffer | undefined,
  options: RootBlockOptions = {},
): Plan {
  const root = rootOf('gatherv', options, member.size, ['root', 'counts', 'displs'])
  const collected = member.rank === root ? collectedBlocks('gatherv', member, send, recv, options) : undefined
  const mine = collected === undefined ? sent('gatherv', send) : settled(collected.blocks.of(root))
  return {
    call: 'gatherv',
    particulars: { root },
    steps: (channel) =>
      inOrder(
        () => (collected ?? mine).load(),
        () => gatherDirect(channel, mine.array, collected?.blocks ?? likeMine(mine.array), root),
        () => collected?.commit(),
      ),
  }
}

export function scattervPlan(
  member: Member,
  send: MessageBuffer | undefined,
  recv: MessageBuffer | InPlace,
  options: RootBlockOptions = {},
): Plan {
  const root = rootOf('scatterv', options, member.size, ['root', 'counts', 'displs'])
  const source = member.rank === root ? sent('scatterv', send) : undefined
  const blocks = source && checkBlocks('scatterv', source.array, blockOptions(options), member.size)
  const into = blocks !== undefined && recv === IN_PLACE ? undefined : received('scatterv', recv)
  if (blocks !== undefined && into !== undefined) checkOwnBlock('scatterv', into.array, blocks, root)
  return {
    call: 'scatterv',
    particulars: { root },
    *steps(channel) {
      source?.load()
      if (blocks !== undefined && into !== undefined) copyElements(into.array, blocks.of(root))
      const mine = into?.array ?? (blocks as Blocks).of(root)
      yield* scatterDirect(channel, blocks ?? likeMine(mine), mine, root)
      into?.commit()
    },
  }
}

export function allgathervPlan(
  member: Member,
  send: MessageBuffer | InPlace,
  recv: MessageBuffer,
  options: BlockOptions,
): Plan {
  const collected = collectedBlocks('allgatherv', member, send, recv, options)
  const { blocks } = collected
  const elements = options.counts.reduce((sum, count) => sum + count, 0)
  return {
    call: 'allgatherv',
    steps: (channel) =>
      inOrder(
        () => collected.load(),
        () => channel.uses(member.select('allgather', elements * blocks.array.BYTES_PER_ELEMENT))(channel, blocks),
        () => collected.commit(),
      ),
  }
}

export function alltoallvPlan(
  member: Member,
  send: MessageBuffer | InPlace,
  recv: MessageBuffer,
  options: AlltoallvOptions,
): Plan {
  const { sendCounts, recvCounts, sendDispls, recvDispls } = options
  const into = received('alltoallv', recv)
  const incoming = blockOptions({ counts: recvCounts, displs: recvDispls })
  const receives = checkBlocks('alltoallv', into.array, incoming, member.size)
  const from = send === IN_PLACE ? undefined : sent('alltoallv', send)
  const outgoing = from === undefined ? incoming : blockOptions({ counts: sendCounts, displs: sendDispls })
  if (from !== undefined) {
    checkTypes('alltoallv', from.array, into.array)
    const sends = checkBlocks('alltoallv', from.array, outgoing, member.size)
    checkOwnBlock('alltoallv', sends.of(member.rank), receives, member.rank)
  }
  return {
    call: 'alltoallv',
    steps: (channel) =>
      inOrder(
        () => into.load(), // blocks need not cover it: what lies between them must survive a packed view
        () =>
          exchange(from, into, (array) =>
            alltoallPairwise(channel, blocksAt(array, outgoing.counts, outgoing.displs), receives),
          ),
        () => undefined,
      ),
  }
}

/** A receive buffer with a block for each rank, and the caller's own elements put in place by `load`. */
function collectedBlocks(
  call: string,
  { rank, size }: Member,
  send: MessageBuffer | InPlace,
  recv: MessageBuffer | undefined,
  options: Partial<BlockOptions>,
): { blocks: Blocks; load: () => void; commit: () => void } {
  const into = received(call, recv)
  const blocks = checkBlocks(call, into.array, blockOptions(options), size)
  const { load, commit } = into
  if (send === IN_PLACE) return { blocks, load, commit }
  const mine = sent(call, send)
  checkOwnBlock(call, mine.array, blocks, rank)
  return {
    blocks,
    load: () => {
      load() // for what lies between the blocks
      loadBlock(mine, blocks.of(rank))
    },
    commit,
  }
}
