/**
 * Random programs of messages and collective calls against a sequential model, on a network that holds frames back, lets ranks overtake each
 * other, repeats frames, and breaks.
 */
import fc from 'fast-check'
import t from 'tap'
import { ANY_SOURCE, ANY_TAG, Cartcomm, Distgraph, Intercomm, waitAll } from '../../../index.ts'
import { randomNumbers } from '../../../runtime/base/random-numbers.ts'
import { runRanks, type TestRank } from '../../../testing.ts'
import type { InprocOptions } from '../../../runtime/transport/inproc.ts'
import { ALL, SOAK } from '../../helpers/effort.ts'
import { communicators, play } from '../../helpers/random-player.ts'
import { programFor, type Program } from '../../helpers/random-programs.ts'

if (ALL) t.setTimeout(10 * 60_000)

const program = fc.constantFrom(1, 2, 3, 4, 5, 7, 8).chain(programFor)

/** What a network is like. */
const network = fc.record({
  eagerLimit: fc.constantFrom(0, 64, 16_384),
  queueLimit: fc.constantFrom(1, 3, Infinity),
  duplicate: fc.constantFrom(0, 0.3, 1),
  hosts: fc.constantFrom([], [0, 1, 0, 1, 1, 0, 1, 0]),
})

/** What goes wrong when all ranks play their parts, as sentences. */
async function failures(plan: Program, options: InprocOptions): Promise<string[]> {
  const part = async ({ world }: TestRank): Promise<string[]> => {
    const comms = await communicators(world, { Cartcomm, Distgraph, Intercomm })
    const failed = await play(comms, plan)
    comms.free()
    return failed
  }
  const played = runRanks(plan.size, part, { ...options, faults: randomNumbers(plan.seed) })
  return (await Promise.race([played, stuck()])).flat()
}

/** What moves ranks of one thread are microtasks: those that have not ended when the event loop has turned wait for ever. */
async function stuck(): Promise<never> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  throw new Error('the ranks wait for ever')
}

t.test('random programs do what the sequential model says, however frames are delayed and repeated', async (t) => {
  await fc.assert(
    fc.asyncProperty(program, network, async (plan, options) => {
      const failed = await failures(plan, options)
      if (failed.length > 0) throw new Error(failed.join('\n'))
    }),
    { numRuns: SOAK ? 600 : ALL ? 200 : 80 },
  )
  t.pass('the programs')
})

t.test('on a network that breaks, random programs do what the model says or fail with the link', async (t) => {
  let broken = 0
  await fc.assert(
    fc.asyncProperty(program, network, fc.nat({ max: 60 }), async (plan, options, cut) => {
      try {
        return (await failures(plan, { ...options, cut })).length === 0
      } catch (error) {
        broken++
        return /^the link from rank \d to rank \d is cut$/.test((error as Error).message)
      }
    }),
    { numRuns: 80, seed: 1 },
  )
  t.ok(broken > 8 && broken < 72, `${broken} of 80 programs failed`)
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
