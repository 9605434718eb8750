/**
 * Plans of the collective calls on intercommunicators (MPI 4.1, section 6.2.3): what each side of two gets comes from the
 * other.
 *
 * Invariant: the first rank of each side, its leader, speaks for it: a part of the call inside one side, one message
 * between the two (alltoall: one for each pair of ranks), a part inside the other side. All parts share the channel of the
 * call: ranks of a pair are either on the same side or not, so that no two parts have a pair in common, but for those
 * inside one side, which follow each other.
 */
import { PROC_NULL, ROOT } from '../../runtime/base/constants.ts'
import { newArrayLike, type TypedArray } from '../../runtime/base/element-type.ts'
import { MpiError } from '../../runtime/base/errors.ts'
import { describe, type MessageBuffer } from '../../runtime/base/message-buffer.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { deserializeObject, serializeObject } from '../../runtime/comm/object-messages.ts'
import type { Group } from '../../runtime/comm/group.ts'
import { checkDivisible, present, received, sent, target, type Source } from '../arguments.ts'
import { bcastBinomialObject } from '../bcast/binomial-object.ts'
import { equalBlocks } from '../blocks.ts'
import { gatherBinomialObject } from '../gather/binomial-object.ts'
import { checkOp, type Op } from '../op.ts'
import type { OpArgument } from '../options.ts'
import type { Member, Plan } from '../plan.ts'
import { barrierPlan, bcastPlan, gatherPlan, scatterPlan } from './movement.ts'
import { reducePlan } from './reductions.ts'

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
const LEADER = 0
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
  const data = target(present('bcast', 'the buffer', buffer), 'bcast')
  if (root === ROOT) return giving('bcast', sides, data)
  const inside = bcastPlan(sides.member, data.array)
  return {
    call: 'bcast',
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
  if (root === ROOT) return collecting('gather', sides, recv)
  const { mine, all, inside } = gathering('gather', sides, send)
  return {
    call: 'gather',
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
    *steps(channel) {
      if (all !== undefined) yield* across(channel, sides).recv(all, root)
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
  const ranks = Array.from({ length: size }, (_, rank) => rank)
  return {
    call: 'alltoall',
    *steps(channel) {
      from.load()
      const other = across(channel, sides)
      const receives = ranks.map((rank) => other.irecv(blocks.of(rank), rank))
      const sends = ranks.map((rank) => other.isend(outgoing.of(rank), rank))
      yield* channel.settleAll([...receives, ...sends])
      into.commit()
    },
  }
}

export function reduceAcross(
  sides: Sides,
  send: MessageBuffer | undefined,
  recv: MessageBuffer | undefined,
  options: OpArgument & IntercommRootOptions,
): Plan {
  const root = checkRemoteRoot('reduce', sides, options)
  if (root === PROC_NULL) return idle('reduce')
  const particulars = { op: checkedOp('reduce', options, root === ROOT ? recv : send).name }
  if (root === ROOT) return { ...collecting('reduce', sides, recv), particulars }
  const { mine, result, inside } = reducing('reduce', sides, send, options)
  return {
    call: 'reduce',
    particulars,
    *steps(channel) {
      mine.load()
      yield* inside.steps(channel)
      if (leads(sides)) yield* across(channel, sides).send(result, root)
    },
  }
}

export function allreduceAcross(sides: Sides, send: MessageBuffer, recv: MessageBuffer, options: OpArgument): Plan {
  const into = received('allreduce', recv)
  const { name: op } = checkedOp('allreduce', options, send)
  const { mine, result, inside } = reducing('allreduce', sides, send, options)
  const spread = bcastPlan(sides.member, into.array)
  return {
    call: 'allreduce',
    particulars: { op },
    *steps(channel) {
      mine.load()
      yield* inside.steps(channel)
      if (leads(sides)) yield* exchange(across(channel, sides), result, into.array)
      yield* spread.steps(channel)
      into.commit()
    },
  }
}

export function bcastObjectAcross<T>(
  sides: Sides,
  value: T | undefined,
  options: IntercommRootOptions,
): Plan<T | undefined> {
  const root = checkRemoteRoot('bcastObject', sides, options)
  if (root === PROC_NULL) return idle('bcastObject')
  const mine = root === ROOT ? serializeObject(value, 'bcastObject') : undefined
  return {
    call: 'bcastObject',
    *steps(channel) {
      if (mine !== undefined) {
        yield across(channel, sides).isendObject(mine, LEADER)
        return undefined
      }
      const got = leads(sides) ? yield* across(channel, sides).recvObject(root) : undefined
      return deserializeObject<T>(yield* bcastBinomialObject(channel, got, LEADER))
    },
  }
}

export function allgatherObjectAcross<T>(sides: Sides, value: T): Plan<T[]> {
  const mine = serializeObject(value, 'allgatherObject')
  return {
    call: 'allgatherObject',
    *steps(channel) {
      const all = yield* gatherBinomialObject(channel, mine, LEADER)
      const theirs = all && (yield* exchangeObjects(across(channel, sides), serializeObject(all, channel.call)))
      const list = deserializeObject<Uint8Array[]>(yield* bcastBinomialObject(channel, theirs, LEADER))
      return list.map((bytes) => deserializeObject<T>(bytes))
    },
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

function leads({ member }: Sides): boolean {
  return member.rank === LEADER
}

/** The same call with ranks that mean the other side's. */
function across(channel: Channel, { remote }: Sides): Channel {
  return channel.toward(remote)
}

/** What the other ranks of the root's side do. */
function idle(call: Plan['call']): Plan<undefined> {
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
    *steps(channel) {
      from.load()
      yield* across(channel, sides).send(from.array, LEADER)
    },
  }
}

/** On the root: what the other side's leader has brought together. */
function collecting(call: Plan['call'], sides: Sides, recv: MessageBuffer | undefined): Plan {
  const into = received(call, recv)
  return {
    call,
    *steps(channel) {
      yield* across(channel, sides).recv(into.array, LEADER)
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

/** The reduction of this side's elements on its leader. */
function reducing(
  call: Plan['call'],
  sides: Sides,
  send: MessageBuffer | undefined,
  { op }: OpArgument,
): { mine: Source; result: TypedArray; inside: Plan<number | undefined> } {
  const mine = sent(call, send)
  const result = newArrayLike(mine.array, mine.array.length)
  return { mine, result, inside: reducePlan(sides.member, mine.array, result, { op, root: LEADER }) }
}

/** @throws {MpiError} MPI_ERR_OP, MPI_ERR_COUNT, MPI_ERR_BUFFER if the operation cannot reduce what `buffer` holds */
function checkedOp(call: Plan['call'], { op }: OpArgument, buffer: MessageBuffer | undefined): Op {
  checkOp(call, op, sent(call, buffer).array)
  return op
}

/** The leader's message for the other leader's. */
function exchange(other: Channel, mine: TypedArray, theirs: TypedArray): Steps {
  return other.sendrecv(mine, LEADER, theirs, LEADER)
}

function* exchangeObjects(other: Channel, mine: Uint8Array): Steps<Uint8Array> {
  const send = other.isendObject(mine, LEADER)
  const theirs = yield* other.recvObject(LEADER)
  yield send
  return theirs
}

/** @throws {MpiError} MPI_ERR_ROOT */
function checkRemoteRoot(call: string, { remote }: Sides, { root }: IntercommRootOptions): number {
  const allowed = root === ROOT || root === PROC_NULL
  if (!allowed && !(Number.isInteger(root) && root >= 0 && root < remote.size))
    throw new MpiError(
      'MPI_ERR_ROOT',
      `${call}: root is ${describe(root)}, expected ROOT, PROC_NULL or a rank of the other side, 0..${remote.size - 1}`,
    )
  return root
}
