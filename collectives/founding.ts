/**
 * What ranks tell each other to found a communicator, in the words of the call that founds it, so that reports name that
 * call (MPI 4.1, sections 7.4.2, 7.6.2 and 8.5).
 */
import { MpiError } from '../runtime/base/errors.ts'
import type { Channel, Steps } from '../runtime/comm/channel.ts'
import type { Group } from '../runtime/comm/group.ts'
import { deserializeObject, serializeObject } from '../runtime/comm/object-messages.ts'
import { bcastBinomialObject } from './bcast/binomial-object.ts'
import { gatherBinomialObject } from './gather/binomial-object.ts'

/** Members of a group in an error message. */
const SHOWN = 16

/** What the ranks of a channel pass, by rank. */
export function* tellAll<T>(channel: Channel, value: T): Steps<T[]> {
  const rows = yield* gatherBinomialObject(channel, serializeObject(value, channel.call), 0)
  return yield* tellFrom(channel, 0, rows?.map(deserializeObject<T>))
}

/** What one rank passes. */
export function* tellFrom<T>(channel: Channel, root: number, value?: T): Steps<T> {
  const bytes = channel.rank === root ? serializeObject(value, channel.call) : undefined
  return deserializeObject<T>(yield* bcastBinomialObject(channel, bytes, root))
}

/** A value of this rank's for one of another. */
export function* swap<Theirs>(channel: Channel, mine: unknown, partner: number): Steps<Theirs> {
  const send = channel.isendObject(serializeObject(mine, channel.call), partner)
  const bytes = yield* channel.recvObject(partner)
  yield send
  return deserializeObject<Theirs>(bytes)
}

/**
 * The context of a group that only its members know of. The one with the lowest world rank, in whatever order they name
 * the members, asks the others for theirs.
 *
 * @param newContext gives one, if this rank has to
 * @throws {MpiError} MPI_ERR_GROUP if the members pass different groups
 */
export function* foundGroup(channel: Channel, { worldRanks }: Group, newContext: () => number): Steps<number> {
  const founder = worldRanks.indexOf(worldRanks.reduce((lowest, worldRank) => Math.min(lowest, worldRank)))
  if (channel.rank !== founder) return contextIn(yield* swap<Answer>(channel, worldRanks, founder), channel)
  const others = [...worldRanks.keys()].filter((rank) => rank !== founder)
  const fault: string[] = []
  for (const rank of others) {
    const theirs = deserializeObject<readonly number[]>(yield* channel.recvObject(rank))
    if (fault.length === 0 && theirs.join() !== worldRanks.join())
      fault.push(passed(worldRanks[founder], worldRanks), passed(worldRanks[rank], theirs))
  }
  const answer: Answer = fault.length === 0 ? newContext() : fault.join(', ')
  const bytes = serializeObject(answer, channel.call)
  yield* channel.settleAll(others.map((rank) => channel.isendObject(bytes, rank)))
  return contextIn(answer, channel)
}

/** A context, or what is wrong. */
type Answer = number | string

function contextIn(answer: Answer, { call }: Channel): number {
  if (typeof answer === 'number') return answer
  throw new MpiError('MPI_ERR_GROUP', `${call}: the members pass different groups: ${answer}`)
}

function passed(worldRank: number | undefined, members: readonly number[]): string {
  const more = members.length > SHOWN ? ' …' : ''
  return `world rank ${worldRank} passes world ranks ${members.slice(0, SHOWN).join(' ')}${more}`
}
