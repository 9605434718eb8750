/** The selection table: every algorithm is reachable, forced choices win unless they would be wrong. */
import t from 'tap'
import { allreduceRabenseifner } from '../../../collectives/allreduce/rabenseifner.ts'
import { allreduceRecursiveDoubling } from '../../../collectives/allreduce/recursive-doubling.ts'
import { allreduceRing } from '../../../collectives/allreduce/ring.ts'
import { Hosts } from '../../../collectives/hosts.ts'
import {
  algorithmNames,
  checkAlgorithms,
  select,
  type Algorithms,
  type Selectable,
} from '../../../collectives/selection.ts'
import { MINLOC, Op, SUM } from '../../../index.ts'
import { FORCED } from '../../helpers/collective-checks.ts'

const ONE_HOST = new Hosts([0, 0])

const anyUser = Op.create(() => undefined, { commutative: true })
const ordered = Op.create(() => undefined, { unit: 1 })

t.test('every algorithm is chosen for some size, number of ranks and operation', async (t) => {
  const names = algorithmNames()
  for (const collective of Object.keys(names) as Selectable[]) {
    const chosen = new Set<unknown>()
    for (const size of [1, 2, 3, 4, 7, 8, 16, 100])
      for (let nbytes = 1; nbytes < 2 ** 28; nbytes *= 2)
        for (const op of [SUM, ordered]) chosen.add(select(collective, { nbytes, size, op, hosts: ONE_HOST }, {}))
    t.equal(chosen.size, names[collective].length, collective)
  }
})

t.test(
  'an operation that must see whole vectors, or in rank order, is never given to an algorithm that splits or reorders',
  async (t) => {
    for (const op of [anyUser, ordered])
      for (const size of [2, 3, 8])
        for (const nbytes of [0, 8, 1 << 20])
          for (const forced of [{}, { allreduce: 'ring' }, { allreduce: 'rabenseifner' }] as Algorithms[])
            t.equal(select('allreduce', { nbytes, size, op, hosts: ONE_HOST }, { forced }), allreduceRecursiveDoubling)
  },
)

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
      "MPI_ERR_ARG: dup: algorithms has bcast: 'quick', expected one of binomial, scatter-ring-allgather, pipelined-chain",
  })
  t.throws(() => checkAlgorithms('dup', { brodcast: 'binomial' } as Algorithms), /expected a collective of bcast, /)
})
