/** Plans of the calls whose blocks differ in length: gatherv, scatterv, allgatherv, alltoallv. */
import { IN_PLACE } from '../../runtime/base/constants.ts'
import type { MessageBuffer } from '../../runtime/base/message-buffer.ts'
import { alltoallPairwise } from '../alltoall/pairwise.ts'
import {
  blockOptions,
  checkBlocks,
  checkFilledBlocks,
  checkOwnBlock,
  rootOf,
  checkTypes,
  exchangeOptions,
  received,
  sent,
  settled,
  type BlockOptions,
} from '../arguments.ts'
import { blocksAt, copyElements, likeMine, type Blocks } from '../blocks.ts'
import { gatherLinear } from '../gather/linear.ts'
import type { AlltoallvOptions, InPlace, RootBlockOptions } from '../options.ts'
import { inOrder, othersThan, type Member, type Plan } from '../plan.ts'
import { scatterLinear } from '../scatter/linear.ts'
import { exchange, loadBlock } from './movement.ts'
import { MOST_POSTED_NBYTES, postedBlocks } from './posted-blocks.ts'

const ROOT_AND_BLOCKS = ['root', 'counts', 'displs']

export function gathervPlan(
  member: Member,
  send: MessageBuffer | InPlace,
  recv: MessageBuffer | undefined,
  options: RootBlockOptions = {},
): Plan {
  const root = rootOf('gatherv', options, member.size, ROOT_AND_BLOCKS)
  const blocks = blockOptions('gatherv', options, ROOT_AND_BLOCKS)
  const collected = member.rank === root ? collectedBlocks('gatherv', member, send, recv, blocks) : undefined
  const mine = collected === undefined ? sent('gatherv', send) : settled(collected.blocks.of(root))
  const load = (): void => (collected ?? mine).load()
  const finish = (): void => collected?.commit()
  return {
    call: 'gatherv',
    particulars: { root },
    small: postedBlocks(member, {
      ...between(member, root, collected === undefined),
      outgoing: likeMine(mine.array),
      incoming: collected?.blocks ?? likeMine(mine.array),
      alike: true,
      like: mine.array,
      load,
      finish,
    }),
    steps: (channel) =>
      inOrder(load, () => gatherLinear(channel, mine.array, collected?.blocks ?? likeMine(mine.array), root), finish),
  }
}

export function scattervPlan(
  member: Member,
  send: MessageBuffer | undefined,
  recv: MessageBuffer | InPlace,
  options: RootBlockOptions = {},
): Plan {
  const root = rootOf('scatterv', options, member.size, ROOT_AND_BLOCKS)
  const places = blockOptions('scatterv', options, ROOT_AND_BLOCKS)
  const source = member.rank === root ? sent('scatterv', send) : undefined
  const blocks = source && checkBlocks('scatterv', source.array, places, member.size)
  const into = blocks !== undefined && recv === IN_PLACE ? undefined : received('scatterv', recv)
  if (blocks !== undefined && into !== undefined) checkOwnBlock('scatterv', into.array, blocks, root)
  const mine = into?.array ?? (blocks as Blocks).of(root)
  const load = (): void => {
    source?.load()
    if (blocks !== undefined && into !== undefined) copyElements(mine, blocks.of(root))
  }
  const finish = (): void => into?.commit()
  return {
    call: 'scatterv',
    particulars: { root },
    small: postedBlocks(member, {
      ...between(member, root, blocks !== undefined),
      outgoing: blocks ?? likeMine(mine),
      incoming: likeMine(mine),
      alike: false,
      like: mine,
      load,
      finish,
    }),
    steps: (channel) => inOrder(load, () => scatterLinear(channel, blocks ?? likeMine(mine), mine, root), finish),
  }
}

export function allgathervPlan(
  member: Member,
  send: MessageBuffer | InPlace,
  recv: MessageBuffer,
  options: BlockOptions,
): Plan {
  const places = blockOptions('allgatherv', options)
  const collected = collectedBlocks('allgatherv', member, send, recv, places)
  const { blocks, load, commit } = collected
  const nbytes = places.counts.reduce((sum, count) => sum + count, 0) * blocks.array.BYTES_PER_ELEMENT
  const others = othersThan(member.rank, member.size)
  return {
    call: 'allgatherv',
    algorithmsOf: 'allgather',
    small:
      nbytes > MOST_POSTED_NBYTES
        ? undefined // on all ranks
        : postedBlocks(member, {
            dest: others,
            source: others,
            outgoing: likeMine(blocks.of(member.rank)),
            incoming: blocks,
            alike: true,
            like: blocks.array,
            load,
            finish: commit,
          }),
    steps: (channel) => inOrder(load, () => channel.uses(member.select('allgather', nbytes))(channel, blocks), commit),
  }
}

export function alltoallvPlan(
  member: Member,
  send: MessageBuffer | InPlace,
  recv: MessageBuffer,
  options: AlltoallvOptions,
): Plan {
  const into = received('alltoallv', recv)
  const { incoming, outgoing: given } = exchangeOptions('alltoallv', options)
  const receives = checkFilledBlocks('alltoallv', into.array, incoming, member.size, 'recv')
  const from = send === IN_PLACE ? undefined : sent('alltoallv', send)
  const outgoing = from === undefined ? incoming : given
  let sends = receives
  if (from !== undefined) {
    checkTypes('alltoallv', from.array, into.array)
    sends = checkBlocks('alltoallv', from.array, outgoing, member.size, 'send')
    checkOwnBlock('alltoallv', sends.of(member.rank), receives, member.rank)
  }
  const others = othersThan(member.rank, member.size)
  const load = (): void => into.load() // blocks need not cover it: what lies between them must survive a packed view
  return {
    call: 'alltoallv',
    small: postedBlocks(member, {
      dest: others,
      source: others,
      outgoing: sends,
      incoming: receives,
      alike: false,
      inPlace: from === undefined,
      like: into.array,
      load: () => {
        load()
        from?.load()
        if (from !== undefined) copyElements(receives.of(member.rank), sends.of(member.rank))
      },
      finish: () => into.commit(),
    }),
    steps: (channel) =>
      inOrder(
        load,
        () =>
          exchange(from, into, (array) =>
            alltoallPairwise(channel, blocksAt(array, outgoing.counts, outgoing.displs), receives),
          ),
        () => undefined,
      ),
  }
}

/** Between the root and all others. */
function between({ rank, size }: Member, root: number, isSender: boolean): { dest: number; source: number } {
  const peers = rank === root ? othersThan(rank, size) : 1 << root
  return isSender ? { dest: peers, source: 0 } : { dest: 0, source: peers }
}

/** A receive buffer with a block for each rank, and the caller's own elements put in place by `load`. */
function collectedBlocks(
  call: string,
  { rank, size }: Member,
  send: MessageBuffer | InPlace,
  recv: MessageBuffer | undefined,
  options: BlockOptions,
): { blocks: Blocks; load: () => void; commit: () => void } {
  const into = received(call, recv)
  const blocks = checkFilledBlocks(call, into.array, options, size)
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
