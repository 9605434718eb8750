/** Plans of the calls that move data in equal blocks: barrier, bcast, gather, scatter, allgather, alltoall. */
import { IN_PLACE } from '../../runtime/base/constants.ts'
import type { MessageBuffer } from '../../runtime/base/message-buffer.ts'
import type { Steps } from '../../runtime/comm/channel.ts'
import {
  checkDivisible,
  checkPair,
  checkRoot,
  received,
  sent,
  settled,
  target,
  type Source,
  type Target,
} from '../arguments.ts'
import { copyElements, copyOf, equalBlocks, likeMine, type Blocks } from '../blocks.ts'
import { gatherBinomial } from '../gather/binomial.ts'
import type { InPlace, RootOptions } from '../options.ts'
import { inOrder, type Member, type Plan } from '../plan.ts'
import { scatterBinomial } from '../scatter/binomial.ts'

export function barrierPlan(member: Member): Plan {
  return {
    call: 'barrier',
    small: { array: new Uint8Array(0), load: () => undefined, finish: () => undefined },
    steps: (channel) => channel.uses(member.select('barrier', 0))(channel, member.hosts),
  }
}

export function bcastPlan(member: Member, buffer: MessageBuffer, { root = 0 }: RootOptions = {}): Plan {
  checkRoot('bcast', root, member.size)
  const data = target(buffer, 'bcast')
  const load = (): void => (member.rank === root ? data.load() : undefined)
  const finish = (): void => (member.rank === root ? undefined : data.commit())
  return {
    call: 'bcast',
    particulars: { root },
    small: { array: data.array, root, load, finish },
    steps: (channel) =>
      inOrder(
        load,
        () => channel.uses(member.select('bcast', data.array.byteLength))(channel, data.array, root, member.hosts),
        finish,
      ),
  }
}

export function gatherPlan(
  member: Member,
  send: MessageBuffer | InPlace,
  recv?: MessageBuffer,
  { root = 0 }: RootOptions = {},
): Plan {
  checkRoot('gather', root, member.size)
  const collected = member.rank === root ? collectedBlocks('gather', member, send, recv) : undefined
  const mine = collected === undefined ? sent('gather', send) : settled(collected.blocks.of(root))
  return {
    call: 'gather',
    particulars: { root },
    steps: (channel) =>
      inOrder(
        () => (collected ?? mine).load(),
        () => gatherBinomial(channel, mine.array, collected?.blocks ?? likeMine(mine.array), root),
        () => collected?.commit(),
      ),
  }
}

export function scatterPlan(
  member: Member,
  send: MessageBuffer | undefined,
  recv: MessageBuffer | InPlace,
  { root = 0 }: RootOptions = {},
): Plan {
  checkRoot('scatter', root, member.size)
  const source = member.rank === root ? sent('scatter', send) : undefined
  const blocks = source && equalBlocks(source.array, checkDivisible('scatter', source.array, member.size))
  const into = blocks !== undefined && recv === IN_PLACE ? settled(blocks.of(root)) : received('scatter', recv)
  if (blocks !== undefined && recv !== IN_PLACE) checkPair('scatter', blocks.of(root), into.array, 1)
  return {
    call: 'scatter',
    particulars: { root },
    steps: (channel) =>
      inOrder(
        () => source?.load(),
        () => scatterBinomial(channel, blocks ?? likeMine(into.array), into.array, root),
        () => into.commit(),
      ),
  }
}

export function allgatherPlan(member: Member, send: MessageBuffer | InPlace, recv: MessageBuffer): Plan {
  const collected = collectedBlocks('allgather', member, send, recv)
  return {
    call: 'allgather',
    steps: (channel) =>
      inOrder(
        () => collected.load(),
        () => channel.uses(member.select('allgather', collected.blocks.array.byteLength))(channel, collected.blocks),
        () => collected.commit(),
      ),
  }
}

export function alltoallPlan(member: Member, send: MessageBuffer | InPlace, recv: MessageBuffer): Plan {
  const into = received('alltoall', recv)
  const length = checkDivisible('alltoall', into.array, member.size)
  const from = send === IN_PLACE ? undefined : sent('alltoall', send)
  if (from !== undefined) checkPair('alltoall', from.array, into.array, 1)
  return {
    call: 'alltoall',
    steps: (channel) =>
      exchange(from, into, (outgoing) =>
        channel.uses(member.select('alltoall', into.array.byteLength))(
          channel,
          equalBlocks(outgoing, length),
          equalBlocks(into.array, length),
        ),
      ),
  }
}

/** Runs an all-to-all whose send buffer is a copy of the receive buffer if there is none of its own. */
export function* exchange(from: Source | undefined, into: Target, run: (outgoing: Source['array']) => Steps): Steps {
  if (from === undefined) into.load()
  else from.load()
  yield* run(from === undefined ? copyOf(into.array) : from.array)
  into.commit()
}

/** A receive buffer with a block for each rank, and the caller's own elements put in place by `load`. */
function collectedBlocks(
  call: string,
  { rank, size }: Member,
  send: MessageBuffer | InPlace,
  recv: MessageBuffer | undefined,
): { blocks: Blocks; load: () => void; commit: () => void } {
  const into = received(call, recv)
  const blocks = equalBlocks(into.array, checkDivisible(call, into.array, size))
  const { load, commit } = into
  if (send === IN_PLACE) return { blocks, load, commit }
  const mine = sent(call, send)
  checkPair(call, mine.array, into.array, size)
  return { blocks, load: () => loadBlock(mine, blocks.of(rank)), commit }
}

/** Takes the caller's elements into its block. */
export function loadBlock(mine: Source, block: Source['array']): void {
  mine.load()
  copyElements(block, mine.array)
}
