/**
 * A rank's picture of itself (runtime/diagnosis/picture.ts): what it waits for, where in the program, what lies
 * unreceived. Made only when somebody asks; keeps nothing.
 */
import { ANY_SOURCE, ANY_TAG } from '../base/constants.ts'
import { awaitingStack } from '../base/awaiting-stack.ts'
import { commName, homeOf, isCollective } from '../base/contexts.ts'
import { describeSignature } from '../base/signature.ts'
import {
  runsOf,
  type CommPicture,
  type Leftovers,
  type PastCalls,
  type RankPicture,
  type WaitPicture,
} from '../diagnosis/picture.ts'
import { unreceivedPictures } from '../diagnosis/unreceived.ts'
import type { Engine } from '../engine/engine.ts'
import { CALLS_KEPT } from '../engine/latest-calls.ts'
import type { Pending, Unreceived } from '../engine/pending.ts'
import type { BufferChecks, Told } from './buffer-checks.ts'
import type { CommEntry, Communicators } from './communicators.ts'

/** Entries of a list that are told one by one; more are counted. */
const SHOWN = 12

/** What the picture is made of. */
export interface PictureSource {
  readonly engine: Engine
  readonly communicators: Communicators
  /** The first line of the program in a stack trace. */
  readonly placeIn: (stack: string) => string | undefined
  readonly checks: BufferChecks | undefined
}

/** What this rank is doing; `wakers` is what the communicators do not know of it. */
export async function pictureOf(
  source: PictureSource,
  wakers: Pick<RankPicture, 'resources' | 'signals'>,
): Promise<RankPicture> {
  const { engine, communicators } = source
  const pending = engine.pending()
  const waits = oneForEachCall(pending.filter(isAwaited))
  const started = oneForEachCall(pending.filter((one) => !isAwaited(one)))
  const unreceived = engine.unreceived()
  const contexts = [...pending.map(({ operation }) => operation.context), ...unreceived.map(({ context }) => context)]
  return {
    waits: await Promise.all(waits.slice(0, SHOWN).map((one) => waitPicture(one, source))),
    moreWaits: Math.max(0, waits.length - SHOWN),
    ...(await leftBehind(started, unreceived, source)),
    communicators: commPictures(contexts, source).map((comm) => {
      // Others may be in an earlier call: what this rank called then tells why.
      const entry =
        pending.some(({ operation: { context } }) => context === comm.context + 1) && communicators.of(comm.context)
      return entry ? { ...comm, latest: pastCalls(entry) } : comm
    }),
    ...wakers,
  }
}

/** What this rank leaves behind if it ends now; undefined if that is nothing. */
export async function leftoversOf(source: PictureSource): Promise<Leftovers | undefined> {
  const { engine, communicators, placeIn, checks } = source
  const pending = engine.pending()
  const uncompleted = (checks?.neverCompleted() ?? []).filter(({ operation }) => operation.done)
  const unfreed = communicators.unfreed()
  engine.progress() // what has come since the last call is there too
  const unreceived = engine.unreceived()
  if (pending.length + unreceived.length + unfreed.length + uncompleted.length === 0) return undefined
  const operations = [...pending, ...uncompleted].map(({ operation }) => operation)
  const contexts = [...operations, ...unreceived].map(({ context }) => context)
  return {
    ...(await leftBehind(oneForEachCall(pending), unreceived, source)),
    communicators: commPictures(contexts, source),
    checked: checks !== undefined,
    neverCompleted: uncompleted.slice(0, SHOWN).map(({ operation, dest, nbytes, made }) => ({
      ...describe({ operation, kind: dest === undefined ? 'receive' : 'send', nbytes, dest }),
      place: placeIn(made.stack ?? ''),
    })),
    moreNeverCompleted: Math.max(0, uncompleted.length - SHOWN),
    unfreed: unfreed.slice(0, SHOWN).map(({ context, name, made }) => ({
      name: commName(context, name()),
      place: placeIn(made.stack ?? ''),
    })),
    moreUnfreed: Math.max(0, unfreed.length - SHOWN),
  }
}

/** True if the rank's waits are all for messages, so that nothing else would end one of them. */
export function waitsForMessagesOnly(engine: Engine): boolean {
  if (engine.hasUnsentFrames || engine.waits === 0) return false
  const operations = [...engine.pending().map(({ operation }) => operation), ...engine.composed]
  return engine.waits === operations.reduce((sum, { waits }) => sum + waits, 0)
}

function isAwaited({ operation }: Pending): boolean {
  return operation.awaited !== undefined
}

/** A collective call has many operations under way: the first one that is waited for stands for it. */
function oneForEachCall(pending: readonly Pending[]): Pending[] {
  const seen = new Set<string>()
  return pending.filter(({ operation: { context, tag } }) => {
    if (!isCollective(context)) return true
    const call = `${context} ${tag}`
    return !seen.has(call) && seen.add(call)
  })
}

async function leftBehind(
  started: readonly Pending[],
  unreceived: readonly Unreceived[],
  source: PictureSource,
): Promise<Pick<RankPicture, 'started' | 'moreStarted' | 'unreceived' | 'moreUnreceived'>> {
  return {
    started: await Promise.all(started.slice(0, SHOWN).map((one) => waitPicture(one, source))),
    moreStarted: Math.max(0, started.length - SHOWN),
    ...unreceivedPictures(unreceived),
  }
}

async function waitPicture(one: Pending, source: PictureSource): Promise<WaitPicture> {
  const { awaited } = one.operation
  const waiting = awaited === undefined ? undefined : source.placeIn(await awaitingStack(awaited))
  const made = source.placeIn(madeBy(one, source)?.stack ?? '')
  return { ...describe(one), place: waiting ?? made ?? (await placeOfWhole(one, source)) }
}

/** Where a call was made, or the collective call that it is a part of. */
function madeBy({ operation }: Pending, { communicators, checks }: PictureSource): Error | undefined {
  const { context, tag } = operation
  return isCollective(context) ? communicators.of(context)?.madeBy(tag) : checks?.madeBy(operation)
}

/** Where the program waits for a nonblocking collective call, if one of this name only is waited for. */
async function placeOfWhole({ operation }: Pending, { engine, placeIn }: PictureSource): Promise<string | undefined> {
  const wholes = [...engine.composed].filter(({ call }) => isCollective(operation.context) && call === operation.call)
  const awaited = wholes.length === 1 ? wholes[0]?.awaited : undefined
  return awaited === undefined ? undefined : placeIn(await awaitingStack(awaited))
}

function describe({
  operation,
  kind,
  dest,
  nbytes,
  signature = operation.agreement?.signature,
}: Omit<Pending, 'operation'> & { readonly operation: Told }): Omit<WaitPicture, 'place'> {
  const { call, context, agreement } = operation
  return {
    kind,
    call: agreement?.form ?? call,
    context: homeOf(context),
    peer: dest ?? (operation.source === ANY_SOURCE ? undefined : operation.source),
    tag: operation.tag === ANY_TAG ? undefined : operation.tag,
    nbytes,
    collective: isCollective(context) ? (signature === undefined ? call : describeSignature(signature)) : undefined,
  }
}

/** What this rank has called on a communicator of late. */
function pastCalls({ calls, latest }: CommEntry): PastCalls[] {
  const runs: [first: number, last: number, call: string][] = []
  for (let number = Math.max(0, calls() - CALLS_KEPT); number < calls(); number++) {
    const signature = latest.signatureOf(number)
    if (signature === undefined) continue
    const [run, call] = [runs.at(-1), describeSignature(signature)]
    if (run?.[1] === number - 1 && run[2] === call) run[1] = number
    else runs.push([number, number, call])
  }
  return runs
}

function commPictures(contexts: readonly number[], { communicators, placeIn }: PictureSource): CommPicture[] {
  return [...new Set(contexts.map(homeOf))].map((context) => {
    const entry = communicators.of(context)
    return {
      context,
      name: commName(context, entry?.name()),
      members: runsOf(entry?.peers.worldRanks ?? []),
      ...(entry === undefined || entry.peers === entry.group ? {} : { ownSide: runsOf(entry.group.worldRanks) }),
      calls: entry?.calls() ?? 0,
      place: placeIn(entry?.made.stack ?? ''),
    }
  })
}
