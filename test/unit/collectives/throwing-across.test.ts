/**
 * Reductions on intercommunicators whose operation throws on one rank: everybody whose result comes of it is told which
 * rank it was and what it threw, nobody waits for ever, and the communicator goes on.
 */
import t from 'tap'
import { Intercomm, MAX, Op, PROC_NULL, ROOT, SUM, type Intracomm } from '../../../index.ts'
import { runRanks } from '../../../testing.ts'
import { Failures } from '../../helpers/failures.ts'
import { outcome } from '../../helpers/throwing-checks.ts'

/** Elements: few, and more than travel unasked. Both can be dealt out to up to 8 ranks. */
const LENGTHS = [840, 20_160]

interface Sides {
  readonly world: Intracomm
  readonly inter: Intercomm
  readonly here: readonly number[]
  readonly there: readonly number[]
}

/** A call with an operation of buffers and one of values, which are the same; and who must hear if it fails on a rank. */
interface Case {
  readonly name: string
  readonly call: (op: Op, combine: (a: number, b: number) => number) => Promise<unknown>
  readonly hears: (bad: number) => boolean
}

async function divided(world: Intracomm): Promise<Sides> {
  const side = (rank: number): number => Number(rank % 3 === 0)
  const local = (await world.split(side(world.rank))) as Intracomm
  const ranks = world.group.worldRanks
  const there = ranks.filter((rank) => side(rank) !== side(world.rank))
  const inter = await Intercomm.create(local, { peer: world, remoteLeader: there[0] as number })
  return { world, inter, here: local.group.worldRanks, there }
}

function cases({ world, inter, here, there }: Sides, length: number): Case[] {
  const data = new Float64Array(length).fill(1)
  const room = (): Float64Array => new Float64Array(length)
  const all = (): boolean => true
  // Values are combined where they are wanted.
  const combines = (bad: number): boolean => bad === world.rank
  const own = new Float64Array(length / here.length)
  return [
    { name: 'allreduce', call: (op) => inter.allreduce(data, room(), { op }), hears: all },
    { name: 'iallreduce', call: (op) => inter.iallreduce(data, room(), { op }).wait(), hears: all },
    { name: 'reduceScatterBlock', call: (op) => inter.reduceScatterBlock(data, own, { op }), hears: all },
    { name: 'allreduceObject', call: (_, combine) => inter.allreduceObject(world.rank, combine), hears: combines },
    ...world.group.worldRanks.flatMap((owner): Case[] => {
      const gets = there.includes(owner)
      const root = gets ? there.indexOf(owner) : owner === world.rank ? ROOT : PROC_NULL
      // The operands are those of the side that the root is not on.
      const hears = (bad: number): boolean =>
        there.includes(owner) ? here.includes(bad) : owner === world.rank && there.includes(bad)
      const into = owner === world.rank ? room() : undefined
      const from = gets ? data : undefined
      return [
        { name: `reduce to ${owner}`, call: (op) => inter.reduce(from, into, { op, root }), hears },
        { name: `ireduce to ${owner}`, call: (op) => inter.ireduce(from, into, { op, root }).wait(), hears },
        {
          name: `reduceInit to ${owner}`,
          call: async (op) => {
            const request = inter.reduceInit(from, into, { op, root })
            request.start()
            await request.wait()
          },
          hears,
        },
        {
          name: `reduceObject to ${owner}`,
          call: (_, combine) => inter.reduceObject(world.rank, combine, { root }),
          hears: combines,
        },
      ]
    }),
  ]
}

async function check(sides: Sides, { name, call, hears }: Case, bad: number, failures: Failures): Promise<number> {
  const { world, inter, there } = sides
  let thrown = 0
  const fail = (): void => {
    if (world.rank !== bad) return
    thrown = 1
    throw new RangeError('no more of this')
  }
  const op = Op.create(
    (x, y) => {
      fail()
      for (let i = 0; i < y.length; i++) y[i] = Number(x[i]) + Number(y[i])
    },
    { unit: 1, commutative: true },
  )
  const combine = (a: number, b: number): number => {
    fail()
    return a + b
  }
  const told = await outcome(() => call(op, combine))
  const threw = await world.allreduce(thrown, { op: MAX })
  const elsewhere = `MPI_ERR_OP the operation threw on world rank ${bad}: RangeError: no more of this`
  const expected =
    threw === 0 || !hears(bad) ? 'nothing' : world.rank === bad ? 'RangeError: no more of this' : elsewhere
  failures.same(`what is told of ${name} whose operation throws on rank ${bad}`, told, expected)
  const sum = there.reduce((total, rank) => total + rank, 0)
  failures.same(`a sum after ${name}`, await inter.allreduce(world.rank, { op: SUM }), sum)
  return threw
}

for (const size of [2, 3, 4, 5, 7, 8])
  for (const hosts of [1, 2])
    t.test(`an operation that throws is told to both sides: p=${size} on ${hosts} hosts`, async (t) => {
      const lists = await runRanks(
        size,
        async ({ world }) => {
          const failures = new Failures(`rank ${world.rank}`)
          const sides = await divided(world)
          for (const length of LENGTHS)
            for (const each of cases(sides, length)) {
              let threw = 0
              for (const bad of world.group.worldRanks) threw += await check(sides, each, bad, failures)
              // A side of one rank has nothing to combine.
              if (size > 3) failures.same(`whether the operation of ${each.name} threw`, threw > 0, true)
            }
          return failures.list
        },
        { hosts: Array.from({ length: size }, (_, rank) => rank % hosts) },
      )
      t.same(lists.flat(), [])
    })
