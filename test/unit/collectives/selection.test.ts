/** The selection table: what is chosen serves, forced and measured choices win unless they would be wrong. */
import t from 'tap'
import { allreduceRabenseifner } from '../../../collectives/allreduce/rabenseifner.ts'
import { allreduceRecursiveDoubling } from '../../../collectives/allreduce/recursive-doubling.ts'
import { allreduceRing } from '../../../collectives/allreduce/ring.ts'
import { Hosts } from '../../../collectives/hosts.ts'
import {
  algorithmNames,
  checkAlgorithms,
  nameOf,
  select,
  serves,
  type Algorithms,
  type Selectable,
} from '../../../collectives/selection.ts'
import { rulesOf } from '../../../collectives/tuning/rules.ts'
import type { Point } from '../../../collectives/tuning/measure.ts'
import { parseTuning } from '../../../runtime/base/tuning.ts'
import { MINLOC, Op, SUM } from '../../../index.ts'
import { runRanks } from '../../../testing.ts'
import { FORCED } from '../../helpers/collective-checks.ts'

const ONE_HOST = new Hosts([0, 0])

const anyUser = Op.create(() => undefined, { commutative: true })
const ordered = Op.create(() => undefined, { unit: 1 })

t.test('for every call there is an algorithm that serves it', async (t) => {
  for (const collective of Object.keys(algorithmNames()) as Selectable[])
    for (const size of [1, 2, 3, 4, 7, 8, 16, 100])
      for (const hosts of [1, 2, size])
        for (let nbytes = 1; nbytes < 2 ** 28; nbytes *= 2)
          for (const op of /reduce|scan/.test(collective) ? [SUM, ordered, anyUser] : [undefined])
            for (const reproducible of [false, true]) {
              const placed = new Hosts(Array.from({ length: size }, (_, rank) => rank % hosts))
              const facts = { nbytes, size, op, hosts: placed }
              const name = nameOf(collective, facts, { reproducible })
              if (!serves(collective, name as never, facts, { reproducible })) t.fail(`${collective} ${name}`)
            }
  t.pass()
})

t.test('scans of one host keep one tree, those of several go along the chain where that costs less', (t) => {
  const apart = (size: number): Hosts => new Hosts(Array.from({ length: size }, (_, rank) => rank))
  const name = (size: number, nbytes: number, hosts = apart(size), facts: object = {}, selection = {}): string =>
    nameOf('scan', { nbytes, size, op: SUM, hosts, ...facts }, selection)
  t.equal(name(4, 65_536, ONE_HOST), 'recursive-doubling')
  t.equal(name(4, 65_537, ONE_HOST), 'work-sharing')
  t.equal(name(4, 2 ** 22, ONE_HOST, { op: anyUser }), 'recursive-doubling')
  t.equal(name(3, 8), 'pipelined-chain')
  for (const [size, least] of [
    [4, 2 ** 18],
    [8, 2 ** 19],
    [64, 2 ** 21],
    [65, 2 ** 23],
  ] as const) {
    t.equal(name(size, least - 1), 'recursive-doubling')
    t.equal(name(size, least), 'pipelined-chain')
    t.equal(name(size, least, apart(size), { op: anyUser }), 'recursive-doubling')
    t.equal(name(size, least, apart(size), {}, { reproducible: true }), 'recursive-doubling')
  }
  t.end()
})

t.test(
  'an algorithm that is forced for scan is used for exscan too, also for calls that the board would serve',
  async (t) => {
    // Along the chain ((1 + 1e16) - 1e16) + 1, in the tree (1 + 1e16) + (-1e16 + 1).
    const values = [1, 1e16, -1e16, 1, 0]
    const results = await runRanks(values.length, async ({ world }) => {
      const of = async (scan: 'pipelined-chain' | 'recursive-doubling'): Promise<(number | undefined)[]> => {
        const comm = await world.dup({ algorithms: { scan } })
        const value = values[comm.rank] as number
        for (let i = 0; i < 20; i++) await comm.barrier()
        return [await comm.scan(value, { op: SUM }), await comm.exscan(value, { op: SUM })]
      }
      return { chain: await of('pipelined-chain'), tree: await of('recursive-doubling') }
    })
    t.equal(results[3]?.chain[0], 1)
    t.equal(results[3]?.tree[0], 0)
    t.equal(results[4]?.chain[1], 1)
    t.equal(results[4]?.tree[1], 0)
  },
)

t.test('gather and scatter are linear, but for short blocks of many ranks', (t) => {
  for (const collective of ['gather', 'scatter'] as const)
    for (const hosts of [ONE_HOST, new Hosts([0, 1])]) {
      const name = (size: number, block: number, selection = {}): string =>
        nameOf(collective, { nbytes: size * block, size, hosts }, selection)
      t.same([name(1, 8), name(64, 8), name(65, 1025)], ['linear', 'linear', 'linear'])
      t.equal(name(65, 1024), 'binomial')
      t.equal(name(4, 8, { forced: { [collective]: 'binomial' } }), 'binomial')
      t.equal(name(4, 8, { tuned: { [collective]: [{ algorithm: 'binomial' }] } }), 'binomial')
    }
  t.end()
})

t.test('measured rules come before the built-in ones, for what they fit and can serve', async (t) => {
  const tuned = { allreduce: [{ minSize: 4, maxSize: 4, maxNbytes: 100, oneHost: true, algorithm: 'ring' } as const] }
  const name = (facts: object): string =>
    nameOf('allreduce', { nbytes: 8, size: 4, op: SUM, hosts: ONE_HOST, ...facts }, { tuned })
  t.equal(name({}), 'ring')
  t.equal(name({ nbytes: 101 }), 'recursive-doubling')
  t.equal(name({ size: 5 }), 'recursive-doubling')
  t.equal(name({ op: ordered }), 'recursive-doubling')
  t.equal(name({ hosts: new Hosts([0, 1, 0, 1]) }), 'recursive-doubling')
  t.equal(
    nameOf(
      'allreduce',
      { nbytes: 8, size: 4, op: SUM, hosts: ONE_HOST },
      { tuned, forced: { allreduce: 'two-level' } },
    ),
    'two-level',
  )
})

t.test('rules are made of measured times: the quickest, changed only for what is clearly quicker', async (t) => {
  const point = (size: number, nbytes: number, us: Record<string, number>): Point => ({
    collective: 'allgather',
    size,
    hosts: 1,
    nbytes,
    us,
  })
  const rules = rulesOf([
    point(4, 100, { bruck: 10, ring: 20 }),
    point(4, 10_000, { bruck: 102, ring: 100 }),
    point(4, 1_000_000, { bruck: 900, ring: 500 }),
    point(2, 100, { bruck: 5, ring: 4 }),
  ])
  t.same(rules, {
    allgather: [
      { algorithm: 'ring', minSize: 2, maxSize: 3, oneHost: true },
      { maxNbytes: 100_000, algorithm: 'bruck', minSize: 4, maxSize: 4, oneHost: true },
      { algorithm: 'ring', minSize: 4, maxSize: 4, oneHost: true },
    ],
  })
  t.same(parseTuning(JSON.stringify({ tsmpiTuning: 1, measured: {}, rules })), { rules, problems: [] })
})

t.test('a tuning file with mistakes is refused with all of them', async (t) => {
  const text = JSON.stringify({
    tsmpiTuning: 1,
    rules: {
      bcast: [
        { maxNbytes: '8', algorithm: 'tree' },
        { nbytes: 1, algorithm: 'binomial' },
      ],
      brodcast: [{ algorithm: 'x' }],
    },
  })
  t.same(parseTuning(text).problems, [
    'bcast[0]: maxNbytes is "8", expected a number',
    "bcast[0]: bcast: 'tree', expected one of binomial, k-nomial, scatter-ring-allgather, pipelined-chain, shared-heap, two-level, work-sharing",
    'bcast[1]: "nbytes" is unknown, expected minNbytes, maxNbytes, maxBlockNbytes, minSize, maxSize, powerOfTwo, oneHost or algorithm',
    "brodcast: 'x', expected a collective of barrier, bcast, allreduce, allgather, alltoall, gather, scatter, reduce, reduceScatter, scan".replace(
      /^/,
      'brodcast[0]: ',
    ),
  ])
  t.match(parseTuning('{').problems[0], /^is no JSON/)
  t.match(parseTuning('{}').problems[0], /^is no tuning file/)
})

t.test('an operation that must see whole vectors is never given to an algorithm that splits or reorders', async (t) => {
  for (const op of [anyUser])
    for (const size of [2, 3, 8])
      for (const nbytes of [0, 8, 1 << 20])
        for (const forced of [{}, { allreduce: 'ring' }, { allreduce: 'rabenseifner' }] as Algorithms[])
          t.equal(select('allreduce', { nbytes, size, op, hosts: ONE_HOST }, { forced }), allreduceRecursiveDoubling)
})

t.test('a forced algorithm wins over the table', async (t) => {
  const facts = { nbytes: 8, size: 4, op: MINLOC, hosts: ONE_HOST }
  t.equal(select('allreduce', facts, { forced: { allreduce: 'ring' } }), allreduceRing)
  t.equal(select('allreduce', facts, { forced: { allreduce: 'rabenseifner' } }), allreduceRabenseifner)
})

t.test('the checks of the collectives force every algorithm there is', async (t) => {
  const forced = new Set(FORCED.flatMap((algorithms) => Object.entries(algorithms).map((pair) => pair.join(' '))))
  const all = Object.entries(algorithmNames()).flatMap(([call, names]) => names.map((name) => `${call} ${name}`))
  t.same([...forced].sort(), all.sort())
})

t.test('names that do not exist are refused with those that do', async (t) => {
  const call = { bcast: 'quick' } as unknown as Algorithms
  t.throws(() => checkAlgorithms('dup', call), {
    code: 'MPI_ERR_ARG',
    message:
      "MPI_ERR_ARG: dup: algorithms has bcast: 'quick', expected one of binomial, k-nomial, scatter-ring-allgather, pipelined-chain, shared-heap, two-level, work-sharing",
  })
  t.throws(
    () => checkAlgorithms('dup', { brodcast: 'binomial' } as Algorithms),
    /expected a collective of barrier, bcast, /,
  )
})
