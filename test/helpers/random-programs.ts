/**
 * Random programs of messages, probes, cancels and collective calls on several communicators, and the sequential model that
 * says what they must do, for any job: each rank plays its part of one list of statements (random-player.ts).
 *
 * Where a receive names its source, the standard leaves nothing open: receives in their order and messages of a pair in
 * theirs match in one way only, whatever the timing; the model finds it. Receives from ANY_SOURCE have a communicator of
 * their own, where each takes one of the messages that it may take, those of a source in their order.
 *
 * A rank waits inside a statement only for what earlier statements of others bring, so that no program deadlocks.
 */
import fc from 'fast-check'
import { ANY_TAG } from '../../index.ts'
import { FORMS, type Form } from './forms.ts'

/** Elements of the longest message: between hosts it goes by rendezvous. */
export const MOST = 9000

const COMMS = ['world', 'dup', 'parity', 'reversed', 'inter', 'grid', 'graph', 'wild'] as const
export type CommName = (typeof COMMS)[number]
const OBJECT_MODES = ['isendObject', 'issendObject'] as const
const MODES = ['send', 'isend', 'issend', 'sendInit', 'ssendInit', ...OBJECT_MODES] as const
const WAYS = ['irecv', 'recvInit', 'recv', 'probe', 'mprobe'] as const

/** Ranks here are world ranks; `peer` counts, modulo their number, among those whom the rank can name on the communicator. */
export type Statement =
  | {
      readonly kind: 'send'
      readonly on: CommName
      readonly rank: number
      readonly peer: number
      readonly tag: number
      readonly count: number
      readonly mode: (typeof MODES)[number]
    }
  | {
      readonly kind: 'receive'
      readonly on: CommName
      readonly rank: number
      readonly peer: number
      readonly tag: number
      readonly way: (typeof WAYS)[number]
    }
  | { readonly kind: 'decoy' | 'look'; readonly on: CommName; readonly rank: number }
  | {
      readonly kind: 'collective'
      readonly on: CommName
      readonly call: number
      readonly root: number
      readonly count: number
      readonly form: Form
    }
export type Send = Extract<Statement, { kind: 'send' }>
type ObjectMode = (typeof OBJECT_MODES)[number]
export type Receive = Extract<Statement, { kind: 'receive' }>
export type Collective = Extract<Statement, { kind: 'collective' }>

export interface Program {
  readonly size: number
  /** Of the choices that must not matter. */
  readonly seed: number
  readonly statements: readonly Statement[]
}

/** True if a mode sends an object, and no elements. */
export function sendsObject(mode: Send['mode']): mode is ObjectMode {
  return OBJECT_MODES.some((one) => one === mode)
}

/** Where messages go: `peer` as in a statement of rank `rank`. */
type Link = Pick<Send, 'on' | 'rank' | 'peer'>

/**
 * A program for so many ranks. It shrinks by leaving statements out and making them simpler. Messages take a few links only,
 * so that many of one link are under way and waited for at the same time.
 */
export function programFor(size: number): fc.Arbitrary<Program> {
  const rank = fc.nat({ max: size - 1 })
  const on = fc.constantFrom(...COMMS.filter((name) => name !== 'inter' || size > 1))
  const links = fc.array(fc.record({ on, rank, peer: rank }), { minLength: 1, maxLength: 6, size: 'max' })
  const others = [
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('decoy' as const, 'look' as const), on, rank }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('collective' as const),
        on,
        call: fc.nat({ max: 99 }),
        root: rank,
        count: fc.constantFrom(0, 1, 5, 1200),
        form: fc.constantFrom(...FORMS),
      }),
    },
  ]
  return links.chain((some) => {
    const statement = fc.oneof<fc.MaybeWeightedArbitrary<Statement>[]>(...messages(some, size), ...others)
    return fc.record({
      size: fc.constant(size),
      seed: fc.integer(),
      statements: fc.array(statement, { maxLength: 60, size: 'max' }),
    })
  })
}

/** Sends over these links, and receives of what comes over them. */
function messages(links: readonly Link[], size: number): fc.WeightedArbitrary<Statement>[] {
  const send = fc.record({
    link: fc.constantFrom(...links),
    tag: fc.nat({ max: 2 }),
    count: fc.constantFrom(1, 2, 7, 9, 3000, MOST),
    mode: fc.constantFrom(...MODES),
  })
  const sends = send.map(({ link, ...rest }): Statement => ({ kind: 'send', ...link, ...rest }))
  const tamed = links.filter((link) => link.on !== 'wild')
  if (tamed.length === 0) return [{ weight: 5, arbitrary: sends }]
  const receive = fc.record({
    link: fc.constantFrom(...tamed),
    tag: fc.constantFrom(ANY_TAG, 0, 1, 2),
    way: fc.constantFrom(...WAYS),
  })
  const receives = receive.map(({ link, ...rest }): Statement => ({
    kind: 'receive',
    ...otherEnd(link, size),
    ...rest,
  }))
  return [sends, receives].map((arbitrary) => ({ weight: 5, arbitrary }))
}

/** The link as the receiver names it. */
function otherEnd(link: Link, size: number): Link {
  const rank = partner(link, size)
  return { on: link.on, rank, peer: groups(link.on, rank, size).there.indexOf(link.rank) }
}

// ---- who is where ----------------------------------------------------------------------------------------------

const ranksUpTo = (size: number): number[] => Array.from({ length: size }, (_, rank) => rank)

/** World ranks of those on this rank's side of a communicator, and of those whom ranks in its arguments mean. */
export function groups(on: CommName, rank: number, size: number): { here: number[]; there: number[] } {
  const all = ranksUpTo(size)
  const like = all.filter((other) => other % 2 === rank % 2)
  if (on === 'parity') return { here: like, there: like }
  if (on === 'inter') return { here: like, there: all.filter((other) => other % 2 !== rank % 2) }
  return on === 'reversed' ? { here: all.toReversed(), there: all.toReversed() } : { here: all, there: all }
}

/** World rank that a statement's `peer` stands for. */
export function partner({ on, rank, peer }: Link, size: number): number {
  const { there } = groups(on, rank, size)
  return there[peer % there.length] as number
}

// ---- the model -------------------------------------------------------------------------------------------------

/** What must happen. Messages and receives are known by the numbers of their statements. */
export interface Model {
  /** The message that each receive takes; none for receives that would wait for ever. */
  readonly takes: ReadonlyMap<number, number>
  /** Messages that no receive takes, but for those on 'wild'. */
  readonly left: readonly number[]
}

export function model({ size, statements }: Program): Model {
  const left = statements.flatMap((one, i) => (one.kind === 'send' && one.on !== 'wild' ? [i] : []))
  const takes = new Map<number, number>()
  for (const [number, receive] of statements.entries()) {
    if (receive.kind !== 'receive') continue
    const found = left.findIndex((candidate) => fits(statements[candidate] as Send, receive, size))
    if (found !== -1) takes.set(number, left.splice(found, 1)[0] as number)
  }
  return { takes, left }
}

function fits(send: Send, receive: Receive, size: number): boolean {
  return (
    send.on === receive.on &&
    partner(send, size) === receive.rank &&
    partner(receive, size) === send.rank &&
    (receive.tag === ANY_TAG || receive.tag === send.tag)
  )
}
