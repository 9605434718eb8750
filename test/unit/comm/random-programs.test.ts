/**
 * Random programs of messages against a sequential model, on a network that holds frames back and lets ranks overtake
 * each other. Without ANY_SOURCE the standard leaves nothing open: the model, which has all messages of a pair in a list
 * before the first receive is posted, must agree with every timing.
 */
import fc from 'fast-check'
import t from 'tap'
import { ANY_SOURCE, ANY_TAG, waitAll, type Intracomm, type Request, type Status } from '../../../index.ts'
import { runRanks } from '../../../testing.ts'
import { randomNumbers } from '../../helpers/random-numbers.ts'

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

interface Program {
  readonly size: number
  readonly seed: number
  readonly eagerLimit: number
  readonly queueLimit: number
  readonly sent: readonly Sent[]
  readonly wanted: readonly Wanted[]
}

const program: fc.Arbitrary<Program> = fc.constantFrom(1, 2, 3, 4, 5, 7, 8).chain((size) => {
  const rank = fc.nat({ max: size - 1 })
  return fc.record({
    size: fc.constant(size),
    seed: fc.integer(),
    eagerLimit: fc.constantFrom(0, 64, 16_384),
    queueLimit: fc.constantFrom(1, 3, Infinity),
    sent: fc.array(
      fc.record({
        from: rank,
        to: rank,
        tag: fc.nat({ max: 2 }),
        count: fc.constantFrom(1, 2, 7, 9, 3000),
        synchronous: fc.boolean(),
      }),
      { maxLength: 40 },
    ),
    wanted: fc.array(
      fc.record({ at: rank, source: rank, tag: fc.constantFrom(ANY_TAG, 0, 1, 2), cancel: fc.boolean() }),
      { maxLength: 40 },
    ),
  })
})

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

const MOST = 3000

/** One rank's part; returns what each of its receives took, as [number, source, tag, count]. */
async function play(world: Intracomm, plan: Program): Promise<Map<number, number[]>> {
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

t.test('random programs do what the sequential model says, however frames are delayed', async (t) => {
  await fc.assert(
    fc.asyncProperty(program, async (plan) => {
      const { size, seed, eagerLimit, queueLimit, sent } = plan
      const faults = randomNumbers(seed)
      const results = await runRanks(size, ({ world }) => play(world, plan), { eagerLimit, queueLimit, faults })
      const { takes, left } = model(plan)
      const expected = new Map<number, number[]>()
      for (const [index, number] of [...takes, ...left].entries()) {
        if (number === undefined) continue
        const { from, tag, count } = sent[number] as Sent
        expected.set(index, [number, from, tag, count])
      }
      const took = new Map(results.flatMap((result) => [...result]))
      return (
        took.size === expected.size &&
        [...expected].every(([index, values]) => values.every((value, k) => took.get(index)?.[k] === value))
      )
    }),
    { numRuns: 300 },
  )
  t.pass('300 programs')
})

t.test('wildcard receives keep the order of each source, however frames are delayed', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 8 }),
      fc.integer(),
      fc.constantFrom(0, 64, 16_384),
      async (size, seed, eagerLimit) => {
        const orders = await runRanks(
          size,
          async ({ world }) => {
            const sends = Array.from({ length: 10 * size }, (_, i) =>
              world.isend(new Float64Array(1 + ((i * 5) % 13)).fill(i), { dest: i % size, tag: i }),
            )
            const last = new Map<number, number>()
            let ordered = true
            for (let i = 0; i < 10 * size; i++) {
              const buffer = new Float64Array(13)
              const { source, tag } = await world.recv(buffer, i % 2 === 0 ? {} : { source: ANY_SOURCE, tag: ANY_TAG })
              ordered &&= buffer[0] === tag && tag > (last.get(source) ?? -1)
              last.set(source, tag)
            }
            await waitAll(sends)
            return ordered && last.size === size
          },
          { eagerLimit, faults: randomNumbers(seed) },
        )
        return orders.every(Boolean)
      },
    ),
    { numRuns: 50 },
  )
  t.pass('50 programs')
})
