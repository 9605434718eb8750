/** Plans of the calls on objects: any value that can be structured-cloned, as mpi4py's lower-case calls. */
import { MpiError } from '../../runtime/base/errors.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { deserializeObject, serializeObject } from '../../runtime/comm/object-messages.ts'
import { alltoallPairwiseObject } from '../alltoall/pairwise-object.ts'
import { rootOf } from '../arguments.ts'
import { bcastBinomialObject } from '../bcast/binomial-object.ts'
import { gatherBinomialObject } from '../gather/binomial-object.ts'
import { checkFunction } from '../op.ts'
import type { RootOptions } from '../options.ts'
import type { Member, Plan } from '../plan.ts'
import { scatterBinomialObject } from '../scatter/binomial-object.ts'

/** How two values become one: `lower` comes from lower ranks. Associative; need not be commutative. */
export type Combine<T> = (lower: T, upper: T) => T

export function bcastObjectPlan<T>(member: Member, value: T | undefined, options: RootOptions): Plan<T> {
  const root = rootOf('bcastObject', options, member.size)
  const mine = member.rank === root ? serializeObject(value, 'bcastObject') : undefined
  return {
    call: 'bcastObject',
    particulars: { root },
    *steps(channel) {
      const bytes = yield* channel.uses(bcastBinomialObject)(channel, mine, root)
      return member.rank === root ? (value as T) : deserializeObject<T>(bytes)
    },
  }
}

export function gatherObjectPlan<T>(member: Member, value: T, options: RootOptions): Plan<T[] | undefined> {
  const root = rootOf('gatherObject', options, member.size)
  const mine = serializeObject(value, 'gatherObject')
  return {
    call: 'gatherObject',
    particulars: { root },
    *steps(channel) {
      const all = yield* channel.uses(gatherBinomialObject)(channel, mine, root)
      return all?.map(deserializeObject<T>)
    },
  }
}

export function scatterObjectPlan<T>(member: Member, values: readonly T[] | undefined, options: RootOptions): Plan<T> {
  const root = rootOf('scatterObject', options, member.size)
  if (member.rank === root) checkValues('scatterObject: the root', values, member.size)
  const mine = member.rank === root ? values?.map((value) => serializeObject(value, 'scatterObject')) : undefined
  return {
    call: 'scatterObject',
    particulars: { root },
    *steps(channel) {
      return deserializeObject<T>(yield* channel.uses(scatterBinomialObject)(channel, mine, root))
    },
  }
}

export function allgatherObjectPlan<T>(value: T): Plan<T[]> {
  const mine = serializeObject(value, 'allgatherObject')
  return {
    call: 'allgatherObject',
    *steps(channel) {
      const all = yield* channel.uses(gatherBcast)(channel, mine)
      return all.map(deserializeObject<T>)
    },
  }
}

export function alltoallObjectPlan<T>(member: Member, values: readonly T[]): Plan<T[]> {
  checkValues('alltoallObject: this rank', values, member.size)
  const mine = values.map((value) => serializeObject(value, 'alltoallObject'))
  return {
    call: 'alltoallObject',
    *steps(channel) {
      const all = yield* channel.uses(alltoallPairwiseObject)(channel, mine)
      return all.map(deserializeObject<T>)
    },
  }
}

export function reduceObjectPlan<T>(
  member: Member,
  value: T,
  combine: Combine<T>,
  options: RootOptions,
): Plan<T | undefined> {
  const root = rootOf('reduceObject', options, member.size)
  checkCombine('reduceObject', combine)
  const mine = serializeObject(value, 'reduceObject')
  return {
    call: 'reduceObject',
    particulars: { root },
    *steps(channel) {
      const all = yield* channel.uses(gatherBinomialObject)(channel, mine, root)
      return all && combined(all.map(deserializeObject<T>), combine)
    },
  }
}

export function allreduceObjectPlan<T>(value: T, combine: Combine<T>): Plan<T> {
  checkCombine('allreduceObject', combine)
  const mine = serializeObject(value, 'allreduceObject')
  return {
    call: 'allreduceObject',
    *steps(channel) {
      return combined((yield* channel.uses(gatherBcast)(channel, mine)).map(deserializeObject<T>), combine)
    },
  }
}

export function scanObjectPlan<T>(member: Member, value: T, combine: Combine<T>): Plan<T> {
  return prefixPlan('scanObject', member.rank + 1, value, combine) as Plan<T>
}

export function exscanObjectPlan<T>(member: Member, value: T, combine: Combine<T>): Plan<T | undefined> {
  return prefixPlan('exscanObject', member.rank, value, combine)
}

/** The values of the first `count` ranks combined; undefined of none. */
function prefixPlan<T>(call: Plan['call'], count: number, value: T, combine: Combine<T>): Plan<T | undefined> {
  checkCombine(call, combine)
  const mine = serializeObject(value, call)
  return {
    call,
    *steps(channel) {
      const lower = (yield* channel.uses(gatherBcast)(channel, mine)).slice(0, count)
      return count === 0 ? undefined : combined(lower.map(deserializeObject<T>), combine)
    },
  }
}

/** The serialized values of all ranks, by rank. */
function* gatherBcast(channel: Channel, mine: Uint8Array): Steps<Uint8Array[]> {
  const gathered = yield* gatherBinomialObject(channel, mine, 0)
  const list = gathered && serializeObject(gathered, channel.call)
  return deserializeObject<Uint8Array[]>(yield* bcastBinomialObject(channel, list, 0))
}

/** Strictly in rank order, so that the result is the same wherever it is computed. */
export function combined<T>(values: readonly T[], combine: Combine<T>): T {
  return values.reduce((lower, upper) => combine(lower, upper))
}

export function checkValues(who: string, values: readonly unknown[] | undefined, size: number, whose = 'rank'): void {
  if (values?.length === size) return
  const seen = values === undefined ? 'no values' : `${values.length} values`
  throw new MpiError('MPI_ERR_COUNT', `${who} passes ${seen}, expected ${size}, one for each ${whose}`)
}

export function checkCombine(call: string, combine: unknown): void {
  checkFunction(call, combine, 'a function of two values')
}
