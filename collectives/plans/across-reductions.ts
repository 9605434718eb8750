/**
 * Plans of the reductions on intercommunicators: each side's elements are reduced on its leader (across.ts), in rank
 * order; the result goes to the other side.
 */
import { PROC_NULL, ROOT } from '../../runtime/base/constants.ts'
import { newArrayLike, type TypedArray } from '../../runtime/base/element-type.ts'
import type { MessageBuffer } from '../../runtime/base/message-buffer.ts'
import { checkPair, optionsOf, received, sent, type Source } from '../arguments.ts'
import { checkOp, type Op } from '../op.ts'
import type { OpArgument, ReduceScatterOptions } from '../options.ts'
import type { Plan } from '../plan.ts'
import {
  across,
  checkRemoteRoot,
  collecting,
  exchange,
  idle,
  LEADER,
  leads,
  rootAt,
  type IntercommRootOptions,
  type Sides,
} from './across.ts'
import { bcastPlan } from './movement.ts'
import { reduceBlocks, reducePlan, scalarArray, type Second } from './reductions.ts'
import { scattervPlan } from './vector.ts'

/**
 * What to reduce with, and which rank of which side gets the result.
 *
 * @example
 * const half = (await world.split(world.rank % 2)) as Intracomm
 * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
 * // Rank 0 of the even side gets the sum of the odd side.
 * const role = world.rank % 2 === 1 ? 0 : half.rank === 0 ? ROOT : PROC_NULL
 * const options: IntercommReduceOptions = { op: SUM, root: role }
 * const sum = await inter.reduce(world.rank, options)
 * if (world.rank === 0) log(sum) // → 4
 * inter.free()
 * half.free()
 */
export interface IntercommReduceOptions extends OpArgument, IntercommRootOptions {}

/** What a reduction takes: a number, or a buffer; nothing on the root's side. */
export type OperandAcross = number | MessageBuffer | undefined

export function reduceAcross(
  sides: Sides,
  send: OperandAcross,
  recv: Second<IntercommReduceOptions>,
  options?: IntercommReduceOptions,
): Plan<number | undefined> {
  if (options !== undefined) return reduceBuffers(sides, send as MessageBuffer, recv as MessageBuffer, options)
  const given = (recv ?? {}) as IntercommReduceOptions
  const isRoot = checkRemoteRoot('reduce', sides, given) === ROOT
  const [mine, result] = [send ?? 0, 0].map((value) => scalarArray('reduce', value as number, given.op).array)
  return answering(reduceBuffers(sides, mine, result, given), isRoot ? result : undefined)
}

function reduceBuffers(
  sides: Sides,
  send: MessageBuffer | undefined,
  recv: MessageBuffer | undefined,
  options: IntercommReduceOptions,
): Plan<number | undefined> {
  const root = checkRemoteRoot('reduce', sides, options)
  if (root === PROC_NULL) return idle('reduce')
  const particulars = {
    ...rootAt(sides, root),
    op: checkedOp('reduce', options, root === ROOT ? received('reduce', recv) : sent('reduce', send)).name,
  }
  if (root === ROOT) return answering({ ...collecting('reduce', sides, recv), particulars })
  const { mine, result, inside } = reducing('reduce', sides, send, options)
  return {
    call: 'reduce',
    particulars,
    *steps(channel) {
      mine.load()
      yield* inside.steps(channel)
      if (leads(sides)) yield* across(channel, sides).send(result, root)
      return undefined
    },
  }
}

export function allreduceAcross(
  sides: Sides,
  send: OperandAcross,
  recv: Second<OpArgument>,
  options?: OpArgument,
): Plan<number | undefined> {
  if (options !== undefined)
    return answering(allreduceBuffers(sides, send as MessageBuffer, recv as MessageBuffer, options))
  const given = (recv ?? {}) as OpArgument
  const [mine, result] = [send, 0].map((value) => scalarArray('allreduce', value as number, given.op).array)
  return answering(allreduceBuffers(sides, mine, result, given), result)
}

function allreduceBuffers(
  sides: Sides,
  send: MessageBuffer | undefined,
  recv: MessageBuffer | undefined,
  options: OpArgument,
): Plan {
  const into = received('allreduce', recv)
  const { name: op } = checkedOp('allreduce', options, sent('allreduce', send))
  const { mine, result, inside } = reducing('allreduce', sides, send, options)
  const spread = bcastPlan(sides.member, into.array, { root: LEADER })
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

export function reduceScatterAcross(
  sides: Sides,
  send: MessageBuffer,
  recv: MessageBuffer,
  options: ReduceScatterOptions,
): Plan {
  return scatteredReduction('reduceScatter', sides, send, recv, optionsOf(options))
}

/** `reduceScatterAcross` with equal blocks. */
export function reduceScatterBlockAcross(
  sides: Sides,
  send: MessageBuffer,
  recv: MessageBuffer,
  options: OpArgument,
): Plan {
  const { op } = optionsOf(options)
  return scatteredReduction('reduceScatterBlock', sides, send, recv, { op })
}

function scatteredReduction(
  call: 'reduceScatter' | 'reduceScatterBlock',
  sides: Sides,
  send: MessageBuffer,
  recv: MessageBuffer,
  options: ReduceScatterOptions,
): Plan {
  const { rank, size } = sides.member
  const into = received(call, recv)
  const { name: op } = checkedOp(call, options, sent(call, send))
  const { mine, result, inside } = reducing(call, sides, send, options)
  const theirs = newArrayLike(result, result.length)
  const blocks = reduceBlocks(call, size, theirs, options.op, options.counts)
  checkPair(call, blocks.of(rank), into.array, 1, 'a block of')
  const counts = Array.from({ length: size }, (_, other) => blocks.countOf(other))
  const spread = scattervPlan(sides.member, theirs, into.array, { root: LEADER, counts })
  return {
    call,
    particulars: { op },
    *steps(channel) {
      mine.load()
      yield* inside.steps(channel)
      if (leads(sides)) yield* exchange(across(channel, sides), result, theirs)
      yield* spread.steps(channel)
      into.commit()
    },
  }
}

/** A call that resolves to the number in `result`, or to nothing. */
function answering({ call, particulars = {}, steps }: Plan<unknown>, result?: TypedArray): Plan<number | undefined> {
  return {
    call,
    particulars,
    *steps(channel) {
      yield* steps(channel)
      return result?.[0] as number | undefined
    },
  }
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

/** @throws {MpiError} MPI_ERR_OP, MPI_ERR_COUNT if the operation cannot reduce what the buffer holds */
function checkedOp(call: string, { op }: OpArgument, { array }: Source): Op {
  checkOp(call, op, array)
  return op
}
