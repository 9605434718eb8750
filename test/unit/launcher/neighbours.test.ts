/** Which agents share a machine, and what that leaves each of them. */
import fc from 'fast-check'
import t from 'tap'
import { sharesOf } from '../../../runtime/launcher/neighbours.ts'
import type { AgentPlan } from '../../../runtime/launcher/placement.ts'

const plan = (host: string, count: number, local = false): AgentPlan => ({
  host,
  local,
  ranks: Array.from({ length: count }, (_, rank) => rank),
  settings: {},
})

t.test('hosts of other names have machines of their own, as long as nobody says otherwise', async (t) => {
  t.same(sharesOf([plan('a', 2), plan('b', 4)], []), [
    { busyThreads: 3, memoryShare: 1 },
    { busyThreads: 5, memoryShare: 1 },
  ])
})

t.test('hosts that are one machine share its cores and its memory', async (t) => {
  const share = { busyThreads: 9, memoryShare: 1 / 3 }
  t.same(sharesOf([plan('a', 2), plan('b', 3), plan('c', 1)], ['x', 'x', 'x']), [share, share, share])
})

t.test('a host that is reached by a name may be the machine of the launcher', async (t) => {
  const [here, there, other] = sharesOf([plan('here', 1, true), plan('alias', 1), plan('b', 1)], ['x', 'x', 'y'])
  t.same([here?.busyThreads, there?.busyThreads, other?.busyThreads], [4, 4, 2])
})

t.test('emulated hosts are this machine without being asked', async (t) => {
  const share = { busyThreads: 4, memoryShare: 0.5 }
  t.same(sharesOf([plan('host0', 1, true), plan('host1', 1, true)], []), [share, share])
})

t.test('one agent has no others to talk to: it wants no core', async (t) => {
  t.same(sharesOf([plan('a', 4, true)], []), [{ busyThreads: 4, memoryShare: 1 }])
})

t.test('the shares of the agents of a machine make up its memory, and all see the same threads', async () => {
  const agents = fc.array(
    fc.record({ ranks: fc.integer({ min: 1, max: 5 }), machine: fc.constantFrom('x', 'y', 'z') }),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  fc.assert(
    fc.property(agents, (list) => {
      const shares = sharesOf(
        list.map(({ ranks }, index) => plan(`h${index}`, ranks)),
        list.map(({ machine }) => machine),
      )
      return ['x', 'y', 'z'].every((name) => {
        const own = shares.filter((_, index) => list[index]?.machine === name)
        const memory = own.reduce((sum, { memoryShare }) => sum + memoryShare, 0)
        const threads = new Set(own.map(({ busyThreads }) => busyThreads))
        return own.length === 0 || (Math.abs(memory - 1) < 1e-9 && threads.size === 1)
      })
    }),
  )
})
