/**
 * Plans of the neighbour collectives (MPI 4.1, section 8.6): every rank exchanges with the neighbours of its topology only.
 *
 * A message goes to each out-neighbour and comes from each in-neighbour; two that share several edges exchange over them in
 * the order of their lists, which messages of a pair keep.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { MessageBuffer } from '../../runtime/base/message-buffer.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { PROC_NULL } from '../../runtime/base/constants.ts'
import {
  blockOptions,
  checkBlocks,
  checkFilledBlocks,
  checkDivisible,
  checkTypes,
  exchangeOptions,
  received,
  sent,
  usesOnly,
  type BlockOptions,
  type Source,
  type Target,
  type Way,
} from '../arguments.ts'
import { equalBlocks, likeMine, type Blocks } from '../blocks.ts'
import type { AlltoallvOptions } from '../options.ts'
import { inOrder, type Plan } from '../plan.ts'
import { deserializeObject, serializeObject } from '../../runtime/comm/object-messages.ts'
import { checkValues } from './objects.ts'
import { MpiError } from '../../runtime/base/errors.ts'

/** One message of an exchange: with whom, and which block it is. */
export interface Edge {
  /** Rank, or PROC_NULL. */
  readonly rank: number
  readonly block: number
}

/** The neighbours of a rank: one block each, and the order in which messages are posted. */
export interface Neighborhood {
  readonly sources: readonly Edge[]
  readonly destinations: readonly Edge[]
}

export function neighborAllgatherPlan(near: Neighborhood, send: MessageBuffer, recv: MessageBuffer): Plan {
  const from = sent('neighborAllgather', send)
  const into = received('neighborAllgather', recv)
  const expected = from.array.length * near.sources.length
  if (into.array.length !== expected)
    throw new MpiError(
      'MPI_ERR_COUNT',
      `neighborAllgather: the receive buffer has room for ${into.array.length} elements, expected ${expected}, ${from.array.length} from each of ${near.sources.length} neighbours`,
    )
  return exchangePlan('neighborAllgather', near, from, into, {
    sends: likeMine(from.array),
    receives: equalBlocks(into.array, from.array.length),
  })
}

export function neighborAllgathervPlan(
  near: Neighborhood,
  send: MessageBuffer,
  recv: MessageBuffer,
  options: BlockOptions,
): Plan {
  const call = 'neighborAllgatherv'
  const from = sent(call, send)
  const into = received(call, recv)
  const receives = filledBlocks(call, into.array, blockOptions(call, options), near)
  return exchangePlan(call, near, from, into, { sends: likeMine(from.array), receives })
}

export function neighborAlltoallPlan(near: Neighborhood, send: MessageBuffer, recv: MessageBuffer): Plan {
  const from = sent('neighborAlltoall', send)
  const into = received('neighborAlltoall', recv)
  return exchangePlan('neighborAlltoall', near, from, into, {
    sends: evenly(from, near.destinations.length),
    receives: evenly(into, near.sources.length),
  })
}

export function neighborAlltoallvPlan(
  near: Neighborhood,
  send: MessageBuffer,
  recv: MessageBuffer,
  options: AlltoallvOptions,
): Plan {
  const call = 'neighborAlltoallv'
  const from = sent(call, send)
  const into = received(call, recv)
  const { outgoing, incoming } = exchangeOptions(call, options)
  return exchangePlan(call, near, from, into, {
    sends: checkBlocks(call, from.array, outgoing, near.destinations.length, 'send'),
    receives: filledBlocks(call, into.array, incoming, near, 'recv'),
  })
}

/** The blocks that the neighbours fill. Nothing comes from PROC_NULL. */
function filledBlocks(
  call: string,
  array: TypedArray,
  options: BlockOptions,
  { sources }: Neighborhood,
  way: Way = '',
): Blocks {
  const isFilled = (index: number): boolean => sources.some(({ rank, block }) => block === index && rank !== PROC_NULL)
  return checkFilledBlocks(call, array, options, sources.length, way, isFilled)
}

/** The same value to every neighbour; what comes is undefined where there is none. */
export function neighborAllgatherObjectPlan<T>(near: Neighborhood, value: T): Plan<(T | undefined)[]> {
  const call = 'neighborAllgatherObject'
  const mine = serializeObject(value, call)
  return objectsPlan(call, near, () => mine)
}

export function neighborAlltoallObjectPlan<T>(near: Neighborhood, values: readonly T[]): Plan<(T | undefined)[]> {
  const call = 'neighborAlltoallObject'
  checkValues(`${call}: this rank`, values, near.destinations.length, 'neighbour')
  const mine = values.map((value) => serializeObject(value, call))
  return objectsPlan(call, near, (block) => mine[block] as Uint8Array)
}

function objectsPlan<T>(
  call: Plan['call'],
  { sources, destinations }: Neighborhood,
  valueOf: (block: number) => Uint8Array,
): Plan<(T | undefined)[]> {
  return {
    call,
    *steps(channel) {
      channel.uses(allAtOnce) // the same with objects
      const values = sources.map((): T | undefined => undefined)
      const sends = destinations.flatMap(({ rank, block }) =>
        rank === PROC_NULL ? [] : [channel.isendObject(valueOf(block), rank)],
      )
      for (const { rank, block } of sources)
        if (rank !== PROC_NULL) values[block] = deserializeObject<T>(yield* channel.recvObject(rank))
      yield* channel.settleAll(sends)
      return values
    },
  }
}

function exchangePlan(
  call: Plan['call'],
  near: Neighborhood,
  from: Source,
  into: Target,
  blocks: { readonly sends: Blocks; readonly receives: Blocks },
): Plan {
  checkTypes(call, from.array, into.array)
  usesOnly(from.array, 'send', () => present(near.destinations).map(({ block }) => blocks.sends.of(block)))
  usesOnly(into.array, 'recv', () => present(near.sources).map(({ block }) => blocks.receives.of(block)))
  return {
    call,
    steps: (channel) =>
      inOrder(
        () => {
          from.load()
          into.load() // for what no neighbour writes to
        },
        () => channel.uses(allAtOnce)(channel, near, blocks),
        () => into.commit(),
      ),
  }
}

/** Neighbours are few, and each has its own link. */
function* allAtOnce(
  channel: Channel,
  { sources, destinations }: Neighborhood,
  { sends, receives }: { readonly sends: Blocks; readonly receives: Blocks },
): Steps {
  const operations = []
  for (const { rank, block } of sources)
    if (rank !== PROC_NULL) operations.push(channel.irecv(receives.of(block), rank))
  for (const { rank, block } of destinations)
    if (rank !== PROC_NULL) operations.push(channel.isend(sends.of(block), rank))
  yield* channel.settleAll(operations)
}

function present(edges: readonly Edge[]): Edge[] {
  return edges.filter(({ rank }) => rank !== PROC_NULL)
}

function evenly({ array }: Source, parts: number): Blocks {
  return equalBlocks(array, parts === 0 ? 0 : checkDivisible('neighborAlltoall', array, parts, 'neighbour'))
}
