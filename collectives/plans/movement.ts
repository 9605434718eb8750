/** Plans of the calls that move data in equal blocks: barrier, bcast, gather, scatter, allgather, alltoall. */
import { IN_PLACE } from '../../runtime/base/constants.ts'
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { MessageBuffer } from '../../runtime/base/message-buffer.ts'
import type { Steps } from '../../runtime/comm/channel.ts'
import { Span } from '../../runtime/engine/board.ts'
import {
  checkDivisible,
  checkPair,
  rootOf,
  received,
  sent,
  settled,
  target,
  type Source,
  type Target,
} from '../arguments.ts'
import { copyElements, copyOf, equalBlocks, likeMine, type Blocks } from '../blocks.ts'
import type { InPlace, RootOptions } from '../options.ts'
import { inOrder, othersThan, smallCall, type Member, type Plan, type Postings, type Roles } from '../plan.ts'

export function barrierPlan(member: Member): Plan {
  return {
    call: 'barrier',
    small: smallCall(exchanged(member, NOTHING), { given: NOTHING, load: nothing, take: nothing, finish: nothing }),
    steps: (channel) => channel.uses(member.select('barrier', 0))(channel, member.hosts),
  }
}

export function bcastPlan(member: Member, buffer: MessageBuffer, options?: RootOptions): Plan {
  const root = rootOf('bcast', options, member.size)
  const data = target(buffer, 'bcast', member.rank === root ? 'send' : 'recv')
  const load = member.rank === root ? data.load : nothing
  const finish = member.rank === root ? nothing : data.commit
  let span: Span | undefined
  return {
    call: 'bcast',
    particulars: { root },
    small: smallCall(handedOut(member, root, data.array), {
      given: data.array,
      load,
      take: (postings) => postings.read(root, (span ??= new Span(data.array))),
      finish,
    }),
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
  options?: RootOptions,
): Plan {
  const root = rootOf('gather', options, member.size)
  const collected = member.rank === root ? collectedBlocks('gather', member, send, recv) : undefined
  const mine = collected === undefined ? sent('gather', send) : settled(collected.blocks.of(root))
  const load = (): void => (collected ?? mine).load()
  const finish = (): void => collected?.commit()
  return {
    call: 'gather',
    particulars: { root },
    small: smallCall(collectedAt(member, root, mine.array), {
      given: mine.array,
      load,
      take: taking(member, collected?.blocks),
      finish,
    }),
    steps: (channel) =>
      inOrder(
        load,
        () => {
          const blocks = collected?.blocks ?? likeMine(mine.array)
          const gather = member.select('gather', mine.array.byteLength * member.size)
          return channel.uses(gather)(channel, mine.array, blocks, root)
        },
        finish,
      ),
  }
}

export function scatterPlan(
  member: Member,
  send: MessageBuffer | undefined,
  recv: MessageBuffer | InPlace,
  options?: RootOptions,
): Plan {
  const root = rootOf('scatter', options, member.size)
  const source = member.rank === root ? sent('scatter', send) : undefined
  const blocks = source && equalBlocks(source.array, checkDivisible('scatter', source.array, member.size))
  const into = blocks !== undefined && recv === IN_PLACE ? settled(blocks.of(root)) : received('scatter', recv)
  if (blocks !== undefined && recv !== IN_PLACE) checkPair('scatter', blocks.of(root), into.array, 1, 'a block of')
  const mine = blocks?.of(root)
  const load = (): void => {
    source?.load()
    if (mine !== undefined && mine !== into.array) copyElements(into.array, mine)
  }
  let span: Span | undefined
  return {
    call: 'scatter',
    particulars: { root },
    small: smallCall(handedOut(member, root, into.array, member.size), {
      given: source?.array ?? into.array,
      load,
      take: (postings) => postings.read(root, (span ??= new Span(into.array)), member.rank * span.nbytes),
      finish: into.commit,
    }),
    steps: (channel) =>
      inOrder(
        load,
        () => {
          const scatter = member.select('scatter', into.array.byteLength * member.size)
          return channel.uses(scatter)(channel, blocks ?? likeMine(into.array), into.array, root)
        },
        () => into.commit(),
      ),
  }
}

export function allgatherPlan(member: Member, send: MessageBuffer | InPlace, recv: MessageBuffer): Plan {
  const { blocks, load, commit } = collectedBlocks('allgather', member, send, recv)
  const mine = blocks.of(member.rank)
  return {
    call: 'allgather',
    small: smallCall(exchanged(member, mine), { given: mine, load, take: taking(member, blocks), finish: commit }),
    steps: (channel) =>
      inOrder(load, () => channel.uses(member.select('allgather', blocks.array.byteLength))(channel, blocks), commit),
  }
}

export function alltoallPlan(member: Member, send: MessageBuffer | InPlace, recv: MessageBuffer): Plan {
  const into = received('alltoall', recv)
  const length = checkDivisible('alltoall', into.array, member.size)
  const from = send === IN_PLACE ? undefined : sent('alltoall', send)
  if (from !== undefined) checkPair('alltoall', from.array, into.array, 1)
  const incoming = equalBlocks(into.array, length)
  const own = incoming.of(member.rank)
  const kept = from && equalBlocks(from.array, length).of(member.rank)
  return {
    call: 'alltoall',
    small: smallCall(exchanged(member, own, member.size), {
      given: (from ?? into).array,
      load: () => {
        ;(from ?? into).load()
        if (kept !== undefined) copyElements(own, kept)
      },
      take: taking(member, incoming, member.rank * own.byteLength),
      finish: () => into.commit(),
    }),
    steps: (channel) =>
      exchange(from, into, (outgoing) =>
        channel.uses(member.select('alltoall', into.array.byteLength))(
          channel,
          equalBlocks(outgoing, length),
          incoming,
        ),
      ),
  }
}

const NOTHING = new Uint8Array(0)
const nothing = (): void => undefined

/** The root posts `blocks` times as much as `unit`, all others take it. */
function handedOut({ rank, size }: Member, root: number, unit: TypedArray, blocks = 1): Roles {
  const nbytes = unit.byteLength * blocks
  return rank === root
    ? { unit, nbytes, dest: othersThan(rank, size), source: 0 }
    : { unit, nbytes, dest: 0, source: 1 << root }
}

/** All others post, the root takes it. */
function collectedAt({ rank, size }: Member, root: number, unit: TypedArray): Roles {
  const nbytes = unit.byteLength
  return rank === root
    ? { unit, nbytes, dest: 0, source: othersThan(rank, size) }
    : { unit, nbytes, dest: 1 << root, source: 0 }
}

/** All post, and take from all others. */
function exchanged({ rank, size }: Member, unit: TypedArray, blocks = 1): Roles {
  const others = othersThan(rank, size)
  return { unit, nbytes: unit.byteLength * blocks, dest: others, source: others }
}

/** Takes a block of each other rank, from byte `offset` on of what it has posted, to its place in `blocks`. */
function taking({ rank, size }: Member, blocks: Blocks | undefined, offset = 0): (postings: Postings) => void {
  let targets: readonly Span[] | undefined
  return (postings) => {
    if (blocks === undefined) return
    targets ??= Array.from({ length: size }, (_, source) => new Span(blocks.of(source)))
    for (let source = 0; source < size; source++)
      if (source !== rank) postings.read(source, targets[source] as Span, offset)
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
