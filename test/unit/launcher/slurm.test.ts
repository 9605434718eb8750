/** The allocation as Slurm's variables tell it. */
import fc from 'fast-check'
import t from 'tap'
import { expandCounts, expandNodelist, insideSlurm, slurmHosts } from '../../../runtime/launcher/slurm.ts'

t.test('lists of nodes are expanded in their order', async (t) => {
  const lists: [string, string[]][] = [
    ['n1', ['n1']],
    ['n[1-3,7]', ['n1', 'n2', 'n3', 'n7']],
    ['n[1-2],login,gpu[08-10]x', ['n1', 'n2', 'login', 'gpu08x', 'gpu09x', 'gpu10x']],
    ['rack[0-1]n[2-3]', ['rack0n2', 'rack0n3', 'rack1n2', 'rack1n3']],
    ['node-a.example.org,b', ['node-a.example.org', 'b']],
    ['n[098-101]', ['n098', 'n099', 'n100', 'n101']],
  ]
  for (const [list, names] of lists) t.same(expandNodelist(list), names, list)
})

t.test('what is no list is refused with what is allowed', async (t) => {
  const lists = ['', ',', 'a,', 'n[', 'n[1-2', 'n]1', 'n[]', 'n[3-1]', 'n[a-b]', 'n[1,]', 'n[1-99999999]', 'n[[1]]']
  for (const list of lists) t.throws(() => expandNodelist(list), /expected names|is no range of numbers/, list)
  t.throws(() => expandNodelist('r[0-999]n[0-999]'), /more than 100000 nodes/)
  for (const list of ['', '0', '2(x0)', '2x3', '2(x3', '-1', 'a', '1,,2'])
    t.throws(() => expandCounts(list), /is no count such as 2 or 2\(x3\)/, list)
})

t.test('compressing and expanding gives the same names and counts', async () => {
  const range = fc.tuple(fc.nat(300), fc.nat(20), fc.integer({ min: 1, max: 4 })).map(([low, more, width]) => {
    const number = (i: number): string => String(i).padStart(width, '0')
    const all = Array.from({ length: more + 1 }, (_, i) => number(low + i))
    return { text: more === 0 ? number(low) : `${number(low)}-${number(low + more)}`, all }
  })
  const word = fc
    .record({ prefix: fc.stringMatching(/^[a-z][a-z-]{0,4}$/), ranges: fc.array(range, { maxLength: 3 }) })
    .map(({ prefix, ranges }) => ({
      text: ranges.length === 0 ? prefix : `${prefix}[${ranges.map(({ text }) => text).join()}]`,
      names: ranges.length === 0 ? [prefix] : ranges.flatMap(({ all }) => all.map((number) => prefix + number)),
    }))
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
      const expanded = expandNodelist(words.map(({ text }) => text).join())
      return JSON.stringify(expanded) === JSON.stringify(words.flatMap(({ names }) => names))
    }),
  )
  const runs = fc.array(fc.tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 9 })), { minLength: 1 })
  fc.assert(
    fc.property(runs, (all) => {
      const text = all.map(([count, times]) => (times === 1 ? `${count}` : `${count}(x${times})`)).join()
      const expected = all.flatMap(([count, times]) => Array<number>(times).fill(count))
      return JSON.stringify(expandCounts(text)) === JSON.stringify(expected)
    }),
  )
})

const JOB = { SLURM_JOB_ID: '7', SLURM_JOB_NODELIST: 'n[1-4]', SLURM_JOB_CPUS_PER_NODE: '8(x4)' }

t.test('hosts and slots come from the job, also inside a step of it', async (t) => {
  t.ok(insideSlurm(JOB))
  t.notOk(insideSlurm({ SLURM_CONF: '/etc/slurm.conf' }))
  const slots = (env: Record<string, string>): string =>
    slurmHosts(env)
      .map(({ name, slots: n }) => `${name}:${n}`)
      .join(' ')
  t.equal(slots({ ...JOB, SLURM_TASKS_PER_NODE: '2(x3),1' }), 'n1:2 n2:2 n3:2 n4:1')
  t.equal(slots({ ...JOB, SLURM_TASKS_PER_NODE: '2(x4)', SLURM_NTASKS: '5' }), 'n1:2 n2:2 n3:1', 'as srun would')
  t.equal(slots(JOB), 'n1:8 n2:8 n3:8 n4:8')
  const step = { SLURM_STEP_ID: '0', SLURM_STEP_NODELIST: 'n1', SLURM_TASKS_PER_NODE: '1', SLURM_NTASKS: '1' }
  t.equal(slots({ ...JOB, ...step }), 'n1:8 n2:8 n3:8 n4:8', 'in the shell of srun --pty')
})

t.test('all components of a heterogeneous job are used, each with its counts', async (t) => {
  const component = (number: number, variables: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(variables).map(([name, value]) => [`SLURM_${name}_HET_GROUP_${number}`, value]))
  // As salloc sets them: the variables of a whole job are missing, but for the number of its tasks.
  const env = {
    SLURM_JOB_ID: '7',
    SLURM_HET_SIZE: '3',
    SLURM_NTASKS: '8',
    ...component(0, { JOB_NODELIST: 'n[1-2]', TASKS_PER_NODE: '2(x2)', NTASKS: '3', JOB_CPUS_PER_NODE: '2(x2)' }),
    ...component(1, { JOB_NODELIST: 'gpu7', TASKS_PER_NODE: '1', NTASKS: '1', JOB_CPUS_PER_NODE: '4' }),
    ...component(2, { JOB_NODELIST: 'fat', JOB_CPUS_PER_NODE: '4' }),
  }
  t.ok(insideSlurm(env))
  t.same(slurmHosts(env), [
    { name: 'n1', slots: 2, component: 0 },
    { name: 'n2', slots: 1, component: 0 },
    { name: 'gpu7', slots: 1, component: 1 },
    { name: 'fat', slots: 4, component: 2 },
  ])
  const shared = slurmHosts({ ...env, SLURM_JOB_NODELIST_HET_GROUP_2: 'gpu7' })
  t.same(shared.at(-1), { name: 'gpu7', slots: 5, component: 1 }, 'a node that is in two')
  t.throws(
    () => slurmHosts({ ...env, SLURM_HET_SIZE: '4', SLURM_TASKS_PER_NODE_HET_GROUP_1: 'x' }),
    /TASKS_PER_NODE is "x": [^\n]*\nSLURM_JOB_NODELIST is "": expected names/,
  )
})

t.test('variables that contradict each other are told together', async (t) => {
  t.throws(
    () => slurmHosts({ ...JOB, SLURM_TASKS_PER_NODE: '2(x3)' }),
    /Slurm job 7: SLURM_TASKS_PER_NODE=2\(x3\) counts 3 nodes, SLURM_JOB_NODELIST=n\[1-4\] names 4/,
  )
  t.throws(
    () => slurmHosts({ ...JOB, SLURM_JOB_NODELIST: 'n[', SLURM_TASKS_PER_NODE: 'x' }),
    /SLURM_JOB_NODELIST is "n\[": expected names.*\nSLURM_TASKS_PER_NODE is "x": "x" is no count/,
  )
})
