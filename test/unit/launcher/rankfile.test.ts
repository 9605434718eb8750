/** Rankfiles, and the cores that they name. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { coreListText, processorsOf, rangesText, readCores } from '../../../runtime/agent/cores.ts'
import { parseCoreList, parseRankfile } from '../../../runtime/launcher/rankfile.ts'

const hosts = { names: ['aa', 'me@bb', 'cc'], find: (word: string) => ({ aa: 'aa', bb: 'me@bb', cc: 'cc' })[word] }

// Open MPI's manual page mpirun(1), "Rankfiles".
t.test("parseRankfile reads the examples of Open MPI's manual page", async (t) => {
  const absolute = 'rank 0=aa slot=1:0-2\nrank 1=bb slot=0:0,1\nrank 2=cc slot=1-2\n'
  const expected = {
    hosts: ['aa', 'me@bb', 'cc'],
    cores: [[{ socket: 1, cores: [0, 1, 2] }], [{ socket: 0, cores: [0, 1] }], [{ cores: [1, 2] }]],
  }
  t.same(parseRankfile(absolute, 'f', hosts), expected)
  const relative = 'rank 2=+n2 slot=1-2 # last\n\nrank 0 = +n0 slot = 1:0-2\nrank 1=+n1 slot=0:0,1\n'
  t.same(parseRankfile(relative, 'f', hosts), expected)
  const several = parseRankfile('rank 1=aa slot=0:1;1:0-2\nrank 0=aa slot=0:*\nrank 2=aa', 'f', hosts)
  t.same(several.cores, [
    [{ socket: 0, cores: 'all' }],
    [
      { socket: 0, cores: [1] },
      { socket: 1, cores: [0, 1, 2] },
    ],
    undefined,
  ])
})

t.test('parseRankfile reports all mistakes of a file together, with line and what is allowed', async (t) => {
  const text = 'rank 0=dd slot=0\nrank x=aa\nrank 1=aa slot=4-2\nrank 1=aa\nhost aa\nrank 3=+n9\nrank 4=aa slot=0 x=1\n'
  t.throws(() => parseRankfile(text, 'f', hosts), {
    message: [
      'f, line 1: "dd" is none of the hosts aa, me@bb, cc',
      'f, line 2: "rank x=aa" cannot be read; expected "rank N=HOST slot=CORES"',
      'f, line 3: slot=4-2: expected cores such as 0,2-3, with their socket 1:0-2, all of a socket 0:*, or 0:1;1:0',
      'f, line 4: rank 1 is placed already, in f, line 3',
      'f, line 5: "host aa" cannot be read; expected "rank N=HOST slot=CORES"',
      'f, line 6: "+n9" is none of the hosts aa, me@bb, cc',
      'f, line 7: "rank 4=aa slot=0 x=1" cannot be read; expected "rank N=HOST slot=CORES"',
    ].join('\n'),
  })
  t.throws(() => parseRankfile('rank 1=aa\nrank 4=aa', 'f', hosts), {
    message: 'f: rank 0, 2, 3 of 0 to 4 is not placed',
  })
  t.throws(() => parseRankfile('# none', 'f', hosts), /f: no rank in the file/)
})

t.test('parseCoreList reads back what coreListText writes', async () => {
  const cores = fc.oneof(
    fc.constant('all' as const),
    fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { minLength: 1 }).map((list) => list.sort((a, b) => a - b)),
  )
  const part = fc.record({ socket: fc.integer({ min: 0, max: 9 }), cores }, { requiredKeys: ['cores'] })
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), (list) => {
      const read = parseCoreList(coreListText(list))
      return (
        JSON.stringify(read?.map((one) => [one.socket, one.cores])) ===
        JSON.stringify(list.map((one) => [one.socket, one.cores]))
      )
    }),
  )
})

t.test('rangesText shortens runs', async (t) => {
  t.equal(rangesText([0, 1, 2, 3, 5, 7, 8]), '0-3,5,7,8')
  t.equal(rangesText([], ', '), '')
})

/** Two sockets of two cores of two threads, numbered as Linux does: threads of a core are 4 apart. Processor 7 is not allowed. */
function machine(folder: string): { sys: string; status: string } {
  const sys = join(folder, 'cpu')
  for (let cpu = 0; cpu < 8; cpu++) {
    const topology = join(sys, `cpu${cpu}`, 'topology')
    mkdirSync(topology, { recursive: true })
    writeFileSync(join(topology, 'physical_package_id'), `${cpu % 2}\n`)
    writeFileSync(join(topology, 'thread_siblings_list'), `${cpu % 4},${(cpu % 4) + 4}\n`)
  }
  mkdirSync(join(sys, 'cpufreq'))
  const status = join(folder, 'status')
  writeFileSync(status, 'Name:\tnode\nCpus_allowed:\t7f\nCpus_allowed_list:\t0-5,6\n')
  return { sys, status }
}

t.test('readCores numbers the cores socket by socket, and leaves out processors that are not allowed', async (t) => {
  const { sys, status } = machine(t.testdir({}))
  t.same(readCores(sys, status), [
    { socket: 0, processors: [0, 4] },
    { socket: 0, processors: [2, 6] },
    { socket: 1, processors: [1, 5] },
    { socket: 1, processors: [3] },
  ])
  t.equal(readCores(join(sys, 'none'), status), undefined)
})

t.test('processorsOf finds cores on the machine and in a socket, and says what there is', async (t) => {
  const { sys, status } = machine(t.testdir({}))
  const cores = readCores(sys, status) ?? []
  const processors = (text: string): number[] => processorsOf(parseCoreList(text) ?? [], cores)
  t.same(processors('1'), [2, 6])
  t.same(processors('1:0'), [1, 5])
  t.same(processors('0:*'), [0, 2, 4, 6])
  t.same(processors('0;1:1'), [0, 3, 4])
  t.same(processorsOf([{ cores: [5], wrap: true }], cores), [2, 6])
  t.throws(() => processors('4'), { message: 'there is no core 4, cores are 0 to 3' })
  t.throws(() => processors('1:2'), { message: 'there is no core 2 in socket 1, cores are 0 to 1' })
  t.throws(() => processors('2:0'), { message: 'there is no socket 2, sockets are 0 to 1' })
})

t.test('every sample of a rankfile in hostfiles/ is read', async (t) => {
  const folder = new URL('../../../hostfiles', import.meta.url).pathname
  const samples = readdirSync(folder).filter((name) => name.startsWith('rankfile'))
  t.ok(samples.length >= 1)
  const any = { names: ['x', 'y'], find: (word: string) => word }
  for (const name of samples)
    t.ok(parseRankfile(readFileSync(join(folder, name), 'utf8'), name, any).hosts.length > 0, name)
})
