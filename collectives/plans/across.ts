/**
 * Plans of the collective calls on intercommunicators (MPI 4.1, section 6.2.3): what each side of two gets comes from the
 * other. Here are those that move data in equal blocks, and the parts that all of them are made of.
 *
 * Invariant: the first rank of each side, its leader, speaks for it: a part of the call inside one side, one message
 * between the two (where only a receiver knows the lengths: one for each pair of ranks), a part inside the other side. All
 * parts share the channel of the call: ranks of a pair are either on the same side or not, so that no two parts have a pair
 * in common, but for those inside one side, which follow each other.
 */
import { PROC_NULL, ROOT } from '../../runtime/base/constants.ts'
import { newArrayLike, type TypedArray } from '../../runtime/base/element-type.ts'
import { MpiError } from '../../runtime/base/errors.ts'
import { describe, type MessageBuffer } from '../../runtime/base/message-buffer.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import type { Group } from '../../runtime/comm/group.ts'
import { checkDivisible, present, received, sent, target, type Source } from '../arguments.ts'
import { equalBlocks, type Blocks } from '../blocks.ts'
import { inOrder, type Member, type Plan } from '../plan.ts'
import { barrierPlan, bcastPlan, gatherPlan, scatterPlan } from './movement.ts'

/**
 * Who has, or gets, the data of a rooted call.
 *
 * @example
 * const half = (await world.split(world.rank % 2)) as Intracomm
 * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
 * // Rank 0 of the odd side gives, all ranks of the even side get.
 * const role: IntercommRootOptions = { root: world.rank % 2 === 0 ? 0 : half.rank === 0 ? ROOT : PROC_NULL }
 * const value = await inter.bcastObject(half.rank === 0 ? 'odd' : undefined, role)
 * if (world.rank === 2) log(value) // → odd
 * inter.free()
 * half.free()
 */
export interface IntercommRootOptions {
  /** On the root's side: ROOT on the root, PROC_NULL on the others. On the other side: the root's rank over there. */
  readonly root: number
}

/** The rank that plans, as a member of its side, and the other side. */
export interface Sides {
  readonly member: Member
  readonly remote: Group
}

/** The first rank of a side speaks for it. */
export const LEADER = 0
const NOTHING = new Int8Array(0)

export function barrierAcross(sides: Sides): Plan {
  const inside = barrierPlan(sides.member)
  return {
    call: 'barrier',
    *steps(channel) {
      yield* inside.steps(channel)
      if (leads(sides)) yield* exchange(across(channel, sides), NOTHING, NOTHING.slice())
      yield* inside.steps(channel)
    },
  }
}

export function bcastAcross(sides: Sides, buffer: MessageBuffer | undefined, options: IntercommRootOptions): Plan {
  const root = checkRemoteRoot('bcast', sides, options)
  if (root === PROC_NULL) return idle('bcast')
  const data = target(present('bcast', 'the buffer', buffer), 'bcast', root === ROOT ? 'send' : 'recv')
  if (root === ROOT) return giving('bcast', sides, data)
  const inside = bcastPlan(sides.member, data.array)
  return {
    call: 'bcast',
    particulars: { root },
    *steps(channel) {
      if (leads(sides)) yield* across(channel, sides).recv(data.array, root)
      yield* inside.steps(channel)
      data.commit()
    },
  }
}

export function gatherAcross(
  sides: Sides,
  send: MessageBuffer | undefined,
  recv: MessageBuffer | undefined,
  options: IntercommRootOptions,
): Plan {
  const root = checkRemoteRoot('gather', sides, options)
  if (root === PROC_NULL) return idle('gather')
  if (root === ROOT) return collecting('gather', sides, recv, sides.remote.size)
  const { mine, all, inside } = gathering('gather', sides, send)
  return {
    call: 'gather',
    particulars: { root },
    *steps(channel) {
      mine.load()
      yield* inside.steps(channel)
      if (all !== undefined) yield* across(channel, sides).send(all, root)
    },
  }
}

export function scatterAcross(
  sides: Sides,
  send: MessageBuffer | undefined,
  recv: MessageBuffer | undefined,
  options: IntercommRootOptions,
): Plan {
  const root = checkRemoteRoot('scatter', sides, options)
  if (root === PROC_NULL) return idle('scatter')
  if (root === ROOT) {
    const from = sent('scatter', send)
    checkDivisible('scatter', from.array, sides.remote.size)
    return giving('scatter', sides, from)
  }
  const into = received('scatter', recv)
  const all = leads(sides) ? newArrayLike(into.array, into.array.length * sides.member.size) : undefined
  const inside = scatterPlan(sides.member, all, into.array)
  return {
    call: 'scatter',
    particulars: { root },
    *steps(channel) {
      if (all !== undefined) yield* across(channel, sides).recvBlocks(all, root, sides.member.size)
      yield* inside.steps(channel)
      into.commit()
    },
  }
}

export function allgatherAcross(sides: Sides, send: MessageBuffer, recv: MessageBuffer): Plan {
  const { mine, all, inside } = gathering('allgather', sides, send)
  const into = received('allgather', recv)
  checkDivisible('allgather', into.array, sides.remote.size)
  const spread = bcastPlan(sides.member, into.array)
  return {
    call: 'allgather',
    *steps(channel) {
      mine.load()
      yield* inside.steps(channel)
      if (all !== undefined) yield* exchange(across(channel, sides), all, into.array)
      yield* spread.steps(channel)
      into.commit()
    },
  }
}

export function alltoallAcross(sides: Sides, send: MessageBuffer, recv: MessageBuffer): Plan {
  const { size } = sides.remote
  const into = received('alltoall', recv)
  const blocks = equalBlocks(into.array, checkDivisible('alltoall', into.array, size))
  const from = sent('alltoall', send)
  const outgoing = equalBlocks(from.array, checkDivisible('alltoall', from.array, size))
  return {
    call: 'alltoall',
    steps: (channel) =>
      inOrder(
        () => from.load(),
        () => exchangeBlocks(across(channel, sides), sides, outgoing, blocks),
        () => into.commit(),
      ),
  }
}

/** Both leaders' arrays, of one length, on all ranks of both sides: `mine` is the leader's then, `theirs` the other's. */
export function swapAcross(call: 'dup' | 'merge', sides: Sides, mine: Int32Array, theirs: Int32Array): Plan {
  return {
    call,
    *steps(channel) {
      if (leads(sides)) yield* exchange(across(channel, sides), mine, theirs)
      for (const array of [mine, theirs]) yield* bcastPlan(sides.member, array).steps(channel)
    },
  }
}

// ---- parts -----------------------------------------------------------------------------------------------------

export function leads({ member }: Sides): boolean {
  return member.rank === LEADER
}

/** The same call with ranks that mean the other side's. */
export function across(channel: Channel, { remote }: Sides): Channel {
  return channel.toward(remote)
}

/** The root as both sides name it: its rank on its own side. */
export function rootAt({ member }: Sides, root: number): { readonly root: number } {
  return { root: root === ROOT ? member.rank : root }
}

/** What the other ranks of the root's side do. */
export function idle(call: Plan['call']): Plan<undefined> {
  return {
    call,
    *steps() {
      return undefined
    },
  }
}

/** On the root: its elements go to the other side's leader. */
function giving(call: Plan['call'], sides: Sides, from: Source): Plan {
  return {
    call,
    particulars: rootAt(sides, ROOT),
    *steps(channel) {
      from.load()
      yield* across(channel, sides).send(from.array, LEADER)
    },
  }
}

/** On the root: what the other side's leader has brought together. @param blocks of how many ranks */
export function collecting(call: Plan['call'], sides: Sides, recv: MessageBuffer | undefined, blocks = 1): Plan {
  const into = received(call, recv)
  return {
    call,
    particulars: rootAt(sides, ROOT),
    *steps(channel) {
      yield* across(channel, sides).recvBlocks(into.array, LEADER, blocks)
      into.commit()
    },
  }
}

/** This side's blocks on its leader. */
function gathering(
  call: Plan['call'],
  sides: Sides,
  send: MessageBuffer | undefined,
): { mine: Source; all: TypedArray | undefined; inside: Plan } {
  const mine = sent(call, send)
  const all = leads(sides) ? newArrayLike(mine.array, mine.array.length * sides.member.size) : undefined
  return { mine, all, inside: gatherPlan(sides.member, mine.array, all) }
}

/** A block to every rank of the other side, and one from each. */
export function* exchangeBlocks(other: Channel, { remote }: Sides, sends: Blocks, receives: Blocks): Steps {
  const operations = remote.worldRanks.map((_, rank) => other.irecv(receives.of(rank), rank))
  for (const rank of remote.worldRanks.keys()) operations.push(other.isend(sends.of(rank), rank))
  yield* other.settleAll(operations)
}

/** The leader's message for the other leader's. */
export function exchange(other: Channel, mine: TypedArray, theirs: TypedArray): Steps {
  return other.sendrecv(mine, LEADER, theirs, LEADER)
}

/** @throws {MpiError} MPI_ERR_ROOT */
export function checkRemoteRoot(call: string, { remote }: Sides, { root }: IntercommRootOptions): number {
  const allowed = root === ROOT || root === PROC_NULL
  if (!allowed && !(Number.isInteger(root) && root >= 0 && root < remote.size))
    throw new MpiError(
      'MPI_ERR_ROOT',
      `${call}: root is ${describe(root)}, expected ROOT, PROC_NULL or a rank of the other side, 0..${remote.size - 1}`,
    )
  return root
}
