/**
 * Random programs of messages and the sequential model that says what they must do, for any job: each rank plays its part.
 * Without ANY_SOURCE the standard leaves nothing open: the model, which has all messages of a pair in a list before the
 * first receive is posted, must agree with every timing.
 */
import fc from 'fast-check'
import { ANY_SOURCE, ANY_TAG, waitAll, type Intracomm, type Request, type Status } from '../../index.ts'
import { randomNumbers } from '../../runtime/base/random-numbers.ts'

/** Elements of the longest message: between hosts it goes by rendezvous. */
const MOST = 9000

/** A message; its number in the program is its content. */
interface Sent {
  readonly from: number
  readonly to: number
  readonly tag: number
  readonly count: number
  readonly synchronous: boolean
}

interface Wanted {
  readonly at: number
  readonly source: number
  readonly tag: number
  readonly cancel: boolean
}

export interface Program {
  readonly size: number
  readonly seed: number
  readonly sent: readonly Sent[]
  readonly wanted: readonly Wanted[]
}

/** A program for so many ranks. */
export function programFor(size: number): fc.Arbitrary<Program> {
  const rank = fc.nat({ max: size - 1 })
  return fc.record({
    size: fc.constant(size),
    seed: fc.integer(),
    sent: fc.array(
      fc.record({
        from: rank,
        to: rank,
        tag: fc.nat({ max: 2 }),
        count: fc.constantFrom(1, 2, 7, 9, 3000, MOST),
        synchronous: fc.boolean(),
      }),
      { maxLength: 40 },
    ),
    wanted: fc.array(
      fc.record({ at: rank, source: rank, tag: fc.constantFrom(ANY_TAG, 0, 1, 2), cancel: fc.boolean() }),
      { maxLength: 40 },
    ),
  })
}

/** The message that each receive takes, by its number; undefined for receives that would wait for ever. */
function model({ sent, wanted }: Program): { takes: (number | undefined)[]; left: number[] } {
  const left = sent.map((_, number) => number)
  const takes = wanted.map((receive) => {
    const found = left.findIndex((number) => {
      const { from, to, tag } = sent[number] as Sent
      return from === receive.source && to === receive.at && (receive.tag === ANY_TAG || receive.tag === tag)
    })
    return found === -1 ? undefined : left.splice(found, 1)[0]
  })
  return { takes, left }
}

/** What each receive took, by its number: [number of the message, source, tag, count]. */
export type Taken = ReadonlyMap<number, readonly number[]>

/** One rank's part; returns what its receives took. Collective over `world`. */
export async function play(world: Intracomm, plan: Program): Promise<Taken> {
  const { sent, wanted, seed } = plan
  const { takes, left } = model(plan)
  const random = randomNumbers(seed + world.rank)
  const mine = wanted.flatMap(({ at }, i) => (at === world.rank ? [i] : []))
  const outgoing = sent.flatMap(({ from }, i) => (from === world.rank ? [i] : []))
  const sends: Request[] = []
  const receives: { index: number; buffer: Float64Array; request: Request }[] = []
  const decoys: Request[] = []
  // Sends and receives of a rank keep their own order and are mixed at random.
  while (mine.length + outgoing.length > 0) {
    const sending = mine.length === 0 || (outgoing.length > 0 && random() < 0.5)
    if (sending) {
      const number = outgoing.shift() as number
      const { to, tag, count, synchronous } = sent[number] as Sent
      sends.push(world[synchronous ? 'issend' : 'isend'](new Float64Array(count).fill(number), { dest: to, tag }))
    } else {
      const index = mine.shift() as number
      const { source, tag, cancel } = wanted[index] as Wanted
      // Receives of a tag that nobody sends are taken back: they must steal nothing.
      if (cancel) decoys.push(world.irecv(new Float64Array(MOST), { source: ANY_SOURCE, tag: 9 }))
      if (takes[index] === undefined) continue
      const buffer = new Float64Array(MOST)
      receives.push({ index, buffer, request: world.irecv(buffer, { source, tag }) })
    }
    if (random() < 0.2) world.iprobe()
  }
  for (const decoy of decoys) decoy.cancel()
  const took = new Map<number, number[]>()
  const note = (index: number, buffer: Float64Array, { source, tag, count }: Status): void =>
    void took.set(index, [buffer[0] as number, source, tag, count])
  for (const { index, buffer, request } of receives) note(index, buffer, await request.wait())
  // What no receive asked for is taken by matched probes, per source in the order of sending.
  for (const [i, number] of left.entries()) {
    const { from, to } = sent[number] as Sent
    if (to !== world.rank) continue
    const message = await world.mprobe({ source: from })
    const buffer = new Float64Array(MOST)
    note(wanted.length + i, buffer, await message.recv(buffer))
  }
  await waitAll([...sends, ...decoys])
  await world.barrier()
  return took
}

/** What the model says that the receives take: those of one rank, or all. */
export function expected(plan: Program, at?: number): Taken {
  const { sent } = plan
  const { takes, left } = model(plan)
  const taken = new Map<number, number[]>()
  for (const [index, number] of [...takes, ...left].entries()) {
    if (number === undefined) continue
    const { from, to, tag, count } = sent[number] as Sent
    if (at === undefined || to === at) taken.set(index, [number, from, tag, count])
  }
  return taken
}

export function isSame(one: Taken, other: Taken): boolean {
  return (
    one.size === other.size && [...one].every(([index, values]) => values.every((v, k) => other.get(index)?.[k] === v))
  )
}
