/**
 * Plans of the calls on intercommunicators whose blocks differ in length. Where only the receiver knows the lengths, each
 * block goes straight to it: the leader of the sender's side (across.ts) could not make room.
 */
import { PROC_NULL, ROOT } from '../../runtime/base/constants.ts'
import { newArrayLike } from '../../runtime/base/element-type.ts'
import type { MessageBuffer } from '../../runtime/base/message-buffer.ts'
import {
  blockOptions,
  checkBlocks,
  checkFilledBlocks,
  checkTypes,
  exchangeOptions,
  received,
  sent,
  type BlockOptions,
} from '../arguments.ts'
import { blocksAt, copyElements } from '../blocks.ts'
import type { AlltoallvOptions } from '../options.ts'
import { inOrder, type Plan } from '../plan.ts'
import {
  across,
  checkRemoteRoot,
  exchangeBlocks,
  idle,
  LEADER,
  leads,
  rootAt,
  type IntercommRootOptions,
  type Sides,
} from './across.ts'
import { bcastPlan } from './movement.ts'

/**
 * Of gatherv and scatterv on an intercommunicator: the blocks are the root's affair; elsewhere they are ignored.
 *
 * @example
 * const half = (await world.split(world.rank % 2)) as Intracomm
 * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
 * // Rank 0 of the even side gets one element of the first odd rank and two of the second.
 * const even: IntercommBlockOptions = half.rank === 0 ? { root: ROOT, counts: [1, 2] } : { root: PROC_NULL }
 * const role: IntercommBlockOptions = world.rank % 2 === 0 ? even : { root: 0 }
 * const all = new Int32Array(3)
 * await inter.gatherv(new Int32Array(half.rank + 1).fill(world.rank), all, role)
 * if (world.rank === 0) log(all.join()) // → 1,3,3
 * inter.free()
 * half.free()
 */
export interface IntercommBlockOptions extends IntercommRootOptions, Partial<BlockOptions> {}

const ROOT_AND_BLOCKS = ['root', 'counts', 'displs']

export function gathervAcross(
  sides: Sides,
  send: MessageBuffer | undefined,
  recv: MessageBuffer | undefined,
  options: IntercommBlockOptions,
): Plan {
  const call = 'gatherv'
  const root = checkRemoteRoot(call, sides, options)
  if (root === PROC_NULL) return idle(call)
  if (root !== ROOT) {
    const mine = sent(call, send)
    return {
      call,
      particulars: { root },
      *steps(channel) {
        mine.load()
        yield* across(channel, sides).send(mine.array, root)
      },
    }
  }
  const into = received(call, recv)
  const blocks = checkFilledBlocks(call, into.array, blockOptions(call, options, ROOT_AND_BLOCKS), sides.remote.size)
  return {
    call,
    particulars: rootAt(sides, ROOT),
    *steps(channel) {
      into.load() // for what lies between the blocks
      const other = across(channel, sides)
      yield* channel.settleAll(sides.remote.worldRanks.map((_, rank) => other.irecv(blocks.of(rank), rank)))
      into.commit()
    },
  }
}

export function scattervAcross(
  sides: Sides,
  send: MessageBuffer | undefined,
  recv: MessageBuffer | undefined,
  options: IntercommBlockOptions,
): Plan {
  const call = 'scatterv'
  const root = checkRemoteRoot(call, sides, options)
  if (root === PROC_NULL) return idle(call)
  if (root !== ROOT) {
    const into = received(call, recv)
    return {
      call,
      particulars: { root },
      *steps(channel) {
        yield* across(channel, sides).recv(into.array, root)
        into.commit()
      },
    }
  }
  const from = sent(call, send)
  const blocks = checkBlocks(call, from.array, blockOptions(call, options, ROOT_AND_BLOCKS), sides.remote.size)
  return {
    call,
    particulars: rootAt(sides, ROOT),
    *steps(channel) {
      from.load()
      const other = across(channel, sides)
      yield* channel.settleAll(sides.remote.worldRanks.map((_, rank) => other.isend(blocks.of(rank), rank)))
    },
  }
}

/** All blocks of a side go to the other side's leader, who knows where they end, and from there to all of its side. */
export function allgathervAcross(sides: Sides, send: MessageBuffer, recv: MessageBuffer, options: BlockOptions): Plan {
  const call = 'allgatherv'
  const mine = sent(call, send)
  const into = received(call, recv)
  checkTypes(call, mine.array, into.array)
  const places = blockOptions(call, options)
  const { counts } = places
  const blocks = checkFilledBlocks(call, into.array, places, sides.remote.size)
  const packed = newArrayLike(
    into.array,
    counts.reduce((sum, count) => sum + count, 0),
  )
  const parts = blocksAt(packed, counts)
  const spread = bcastPlan(sides.member, packed, { root: LEADER })
  return {
    call,
    *steps(channel) {
      mine.load()
      into.load() // for what lies between the blocks
      const other = across(channel, sides)
      const given = other.isend(mine.array, LEADER)
      if (leads(sides)) yield* channel.settleAll(counts.map((_, rank) => other.irecv(parts.of(rank), rank)))
      yield given
      yield* spread.steps(channel)
      for (const rank of counts.keys()) copyElements(blocks.of(rank), parts.of(rank))
      into.commit()
    },
  }
}

export function alltoallvAcross(
  sides: Sides,
  send: MessageBuffer,
  recv: MessageBuffer,
  options: AlltoallvOptions,
): Plan {
  const call = 'alltoallv'
  const from = sent(call, send)
  const into = received(call, recv)
  checkTypes(call, from.array, into.array)
  const { size } = sides.remote
  const { outgoing, incoming } = exchangeOptions(call, options)
  const sends = checkBlocks(call, from.array, outgoing, size, 'send')
  const receives = checkFilledBlocks(call, into.array, incoming, size, 'recv')
  return {
    call,
    steps: (channel) =>
      inOrder(
        () => {
          from.load()
          into.load() // for what lies between the blocks
        },
        () => exchangeBlocks(across(channel, sides), sides, sends, receives),
        () => into.commit(),
      ),
  }
}
