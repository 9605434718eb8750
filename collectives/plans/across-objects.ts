/** Plans of the calls on objects between the two sides of an intercommunicator (across.ts has the parts). */
import { PROC_NULL, ROOT } from '../../runtime/base/constants.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { deserializeObject, serializeObject } from '../../runtime/comm/object-messages.ts'
import { bcastBinomialObject } from '../bcast/binomial-object.ts'
import { gatherBinomialObject } from '../gather/binomial-object.ts'
import type { Plan } from '../plan.ts'
import { scatterBinomialObject } from '../scatter/binomial-object.ts'
import {
  across,
  checkRemoteRoot,
  idle,
  LEADER,
  leads,
  rootAt,
  type IntercommRootOptions,
  type Sides,
} from './across.ts'
import { checkCombine, checkValues, combined, type Combine } from './objects.ts'

export function bcastObjectAcross<T>(
  sides: Sides,
  value: T | undefined,
  options: IntercommRootOptions,
): Plan<T | undefined> {
  const call = 'bcastObject'
  const root = checkRemoteRoot(call, sides, options)
  if (root === PROC_NULL) return idle(call)
  const mine = root === ROOT ? serializeObject(value, call) : undefined
  return {
    call,
    particulars: rootAt(sides, root),
    *steps(channel) {
      if (mine !== undefined) {
        yield across(channel, sides).isendObject(mine, LEADER)
        return undefined
      }
      const got = leads(sides) ? yield* across(channel, sides).recvObject(root) : undefined
      return deserializeObject<T>(yield* channel.uses(bcastBinomialObject)(channel, got, LEADER))
    },
  }
}

export function gatherObjectAcross<T>(
  sides: Sides,
  value: T | undefined,
  options: IntercommRootOptions,
): Plan<T[] | undefined> {
  return gathering('gatherObject', sides, value, options)
}

export function scatterObjectAcross<T>(
  sides: Sides,
  values: readonly T[] | undefined,
  options: IntercommRootOptions,
): Plan<T | undefined> {
  const call = 'scatterObject'
  const root = checkRemoteRoot(call, sides, options)
  if (root === PROC_NULL) return idle(call)
  if (root === ROOT) checkValues(`${call}: the root`, values, sides.remote.size)
  const list = root === ROOT ? serializedList(values ?? [], call) : undefined
  return {
    call,
    particulars: rootAt(sides, root),
    *steps(channel) {
      if (list !== undefined) {
        yield across(channel, sides).isendObject(list, LEADER)
        return undefined
      }
      const all = leads(sides) ? listOf(yield* across(channel, sides).recvObject(root)) : undefined
      return deserializeObject<T>(yield* channel.uses(scatterBinomialObject)(channel, all, LEADER))
    },
  }
}

export function allgatherObjectAcross<T>(sides: Sides, value: T): Plan<T[]> {
  return toAll('allgatherObject', sides, value, (values: T[]) => values)
}

export function alltoallObjectAcross<T>(sides: Sides, values: readonly T[]): Plan<T[]> {
  const call = 'alltoallObject'
  checkValues(`${call}: this rank`, values, sides.remote.size)
  const mine = values.map((value) => serializeObject(value, call))
  return {
    call,
    *steps(channel) {
      const other = across(channel, sides)
      const sends = mine.map((bytes, dest) => other.isendObject(bytes, dest))
      const received: T[] = []
      for (const source of mine.keys()) received.push(deserializeObject<T>(yield* other.recvObject(source)))
      yield* channel.settleAll(sends)
      return received
    },
  }
}

export function reduceObjectAcross<T>(
  sides: Sides,
  value: T | undefined,
  combine: Combine<T>,
  options: IntercommRootOptions,
): Plan<T | undefined> {
  checkCombine('reduceObject', combine)
  const { call, particulars = {}, steps } = gathering('reduceObject', sides, value, options)
  return {
    call,
    particulars,
    *steps(channel) {
      const values = yield* steps(channel)
      return values && combined(values, combine)
    },
  }
}

export function allreduceObjectAcross<T>(sides: Sides, value: T, combine: Combine<T>): Plan<T> {
  checkCombine('allreduceObject', combine)
  return toAll('allreduceObject', sides, value, (values: T[]) => combined(values, combine))
}

// ---- parts -----------------------------------------------------------------------------------------------------

/** The values of one side on the root of the other. */
function gathering<T>(
  call: Plan['call'],
  sides: Sides,
  value: T | undefined,
  options: IntercommRootOptions,
): Plan<T[] | undefined> {
  const root = checkRemoteRoot(call, sides, options)
  if (root === PROC_NULL) return idle(call)
  const mine = root === ROOT ? undefined : serializeObject(value, call)
  return {
    call,
    particulars: rootAt(sides, root),
    *steps(channel) {
      if (mine === undefined) return valuesOf<T>(yield* across(channel, sides).recvObject(LEADER))
      const all = yield* channel.uses(gatherBinomialObject)(channel, mine, LEADER)
      if (all !== undefined) yield across(channel, sides).isendObject(serializeObject(all, call), root)
      return undefined
    },
  }
}

/** What all ranks of a side make of the values of the other. */
function toAll<T, R>(call: Plan['call'], sides: Sides, value: T, make: (values: T[]) => R): Plan<R> {
  const mine = serializeObject(value, call)
  return {
    call,
    *steps(channel) {
      const all = yield* channel.uses(gatherBinomialObject)(channel, mine, LEADER)
      const theirs = all && (yield* exchangeObjects(across(channel, sides), serializeObject(all, call)))
      return make(valuesOf<T>(yield* channel.uses(bcastBinomialObject)(channel, theirs, LEADER)))
    },
  }
}

/** The leader's message for the other leader's. */
function* exchangeObjects(other: Channel, mine: Uint8Array): Steps<Uint8Array> {
  const send = other.isendObject(mine, LEADER)
  const theirs = yield* other.recvObject(LEADER)
  yield send
  return theirs
}

/** Values travel between the sides as a list of serialized values, which the ranks on the way do not open. */
function serializedList(values: readonly unknown[], call: string): Uint8Array {
  return serializeObject(
    values.map((value) => serializeObject(value, call)),
    call,
  )
}

function listOf(bytes: Uint8Array): Uint8Array[] {
  return deserializeObject<Uint8Array[]>(bytes)
}

function valuesOf<T>(list: Uint8Array): T[] {
  return listOf(list).map(deserializeObject<T>)
}
