/** Hostfiles and host lists as texts: what they say, and what is told of their mistakes. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { parseHostfile, parseHostList, type Host } from '../../../runtime/launcher/hostfile.ts'

const hostsOf = (text: string): readonly Host[] => parseHostfile(text, 'hosts').hosts

t.test('parseHostfile reads both notations, comments, users and repeated hosts', async (t) => {
  const text = '# cluster\nnode1 slots=4 # the big one\n\nuser@node2:2\nnode3\n10.0.0.7 slots=1\nnode1 slots=2\r\n'
  t.same(parseHostfile(text, 'hosts'), {
    hosts: [
      { name: 'node1', slots: 6 },
      { name: 'user@node2', slots: 2 },
      { name: 'node3', slots: undefined },
      { name: '10.0.0.7', slots: 1 },
    ],
    order: ['node1', 'user@node2', 'node3', '10.0.0.7', 'node1'],
  })
})

t.test('parseHostfile knows all names that Open MPI has for slots, their limit and the user', async (t) => {
  for (const slots of ['slots', 'cpu', 'count', 'SLOTS'])
    t.same(hostsOf(`a ${slots}=3`), [{ name: 'a', slots: 3 }], slots)
  for (const word of ['slots', 'cpu', 'count'])
    for (const most of [`max_${word}`, `max-${word}`, `${word}_max`, `${word}-max`])
      t.same(hostsOf(`a slots=2 ${most} = 3`), [{ name: 'a', slots: 2, maxSlots: 3 }], most)
  for (const user of ['user', 'username', 'user-name', 'user_name'])
    t.same(hostsOf(`a:2 ${user}=me`), [{ name: 'me@a', slots: 2 }], user)
})

t.test('parseHostfile takes max_slots for slots where slots are not said', async (t) => {
  t.same(hostsOf('a max_slots=3'), [{ name: 'a', slots: 3, maxSlots: 3 }])
})

t.test('parseHostfile reads every kind of comment and keeps the numbers of lines', async (t) => {
  const text = '// all\na /* big\nand old */ b\n/**/ c:2 // tsmpi=//x\nd tsmpi=/opt//x\ne:0 # f\n'
  t.throws(() => parseHostfile(text, 'f'), {
    message: 'f, line 6: e:0: the number of slots is "0", expected a whole number from 1 to 65536',
  })
  t.same(hostsOf(text.replace('e:0', 'e')), [
    { name: 'a', slots: undefined },
    { name: 'b', slots: undefined },
    { name: 'c', slots: 2 },
    { name: 'd', programDirectory: '/opt//x', slots: undefined },
    { name: 'e', slots: undefined },
  ])
})

t.test('parseHostfile reads IPv6 addresses, in brackets if slots follow', async (t) => {
  t.same(hostsOf('[fe80::1]:4\nme@[::1]\nfe80::2\n[fe80::3%eth0] slots=2'), [
    { name: 'fe80::1', slots: 4 },
    { name: 'me@::1', slots: undefined },
    { name: 'fe80::2', slots: undefined },
    { name: 'fe80::3%eth0', slots: 2 },
  ])
})

t.test('parseHostfile reads the settings of a host, with quotes where there are spaces', async (t) => {
  const text =
    'a slots=4 node=/opt/node/bin/node tsmpi="/opt/my tsmpi" wdir=/scratch interface=eth1 ports=20000-20010 speed=0.5\n' +
    'b ports=7 interface=10.0.0.0/8\n'
  t.same(hostsOf(text), [
    {
      name: 'a',
      slots: 4,
      nodePath: '/opt/node/bin/node',
      programDirectory: '/opt/my tsmpi',
      wdir: '/scratch',
      interface: 'eth1',
      ports: { first: 20_000, last: 20_010 },
      speed: 0.5,
    },
    { name: 'b', slots: undefined, ports: { first: 7, last: 7 }, interface: '10.0.0.0/8' },
  ])
})

t.test('parseHostfile adds the slots and limits of a host that is named again, and keeps its settings', async (t) => {
  t.same(hostsOf('a speed=2\nb\na slots=3 max_slots=4\na speed=2 wdir=/x'), [
    { name: 'a', slots: 5, maxSlots: 6, speed: 2, wdir: '/x' },
    { name: 'b', slots: undefined },
  ])
})

t.test('parseHostfile leaves out hosts that are excluded, wherever that stands', async (t) => {
  t.same(parseHostfile('^b\na:2\nb:2\nc\nb\n^c', 'f'), { hosts: [{ name: 'a', slots: 2 }], order: ['a'] })
  t.throws(() => parseHostfile('a\n^b\n^c', 'f'), {
    message: [
      'f, line 2: host "b" cannot be excluded, it is none of a',
      'f, line 3: host "c" cannot be excluded, it is none of a',
    ].join('\n'),
  })
  t.throws(() => parseHostfile('a\n^a', 'f'), { message: 'f, line 2: no host is left without a' })
})

t.test('parseHostfile reports all mistakes of a file together, with line and what is allowed', async (t) => {
  const fields = 'slots, max_slots, user, node, tsmpi, wdir, interface, ports, speed'
  const noHost = 'is no host; expected NAME, NAME:SLOTS, USER@NAME or [IPv6-ADDRESS]'
  const cases = [
    ['node1 slots=four', 'slots=four: expected a whole number from 1 to 65536'],
    ['node2 cores=3', `"cores=3" is unknown; expected KEY=VALUE with one of ${fields}`],
    ['$(reboot)', `"$(reboot)" ${noHost}`],
    ['node4:0', 'node4:0: the number of slots is "0", expected a whole number from 1 to 65536'],
    ['a:b:c', 'a:b:c: the number of slots is "b:c", expected a whole number from 1 to 65536'],
    ['-oProxyCommand=x', '"-oProxyCommand=x" stands where a host is expected, such as "node1 slots=4"'],
    ['-x', `"-x" ${noHost}`],
    ['-x@b', `"-x@b" ${noHost}`],
    ['[fe80]', `"[fe80]" ${noHost}`],
    ['a b', `"b" is unknown; expected KEY=VALUE with one of ${fields}`],
    ['a:2 slots=3', 'slots=3: slots is given twice for this host'],
    ['a cpu=1 count=1', 'count=1: count is given twice for this host'],
    ['me@a user=you', 'user=you: "me@a" names a user already'],
    ['a slots=3 max_slots=2', 'slots=3 is above max_slots=2; expected at most as many'],
    ['a ports=9-8', 'ports=9-8: expected a port or FIRST-LAST, from 1 to 65535'],
    ['a ports=1-65536', 'ports=1-65536: expected a port or FIRST-LAST, from 1 to 65535'],
    ['a speed=0', 'speed=0: expected a number above 0 and at most 1000'],
    ['a speed=fast', 'speed=fast: expected a number above 0 and at most 1000'],
    ['a node=', 'node=: expected the path of Node, or its name'],
    [
      'a interface=10.0.0.0/33',
      'interface=10.0.0.0/33: expected the name of an interface, an address, or a network such as 10.0.0.0/8',
    ],
    ['a wdir="/x', 'a quote is opened and not closed: a wdir="/x'],
    ['= 4', '"=" stands alone; expected KEY=VALUE'],
  ] as const
  for (const [line, message] of cases) t.throws(() => hostsOf(line), { message: `hosts, line 1: ${message}` }, line)
  const all = cases.filter(([, message]) => !/quote|alone/.test(message)).slice(0, 8)
  t.throws(() => hostsOf(all.map(([line]) => line).join('\n')), {
    message: all.map(([, message], index) => `hosts, line ${index + 1}: ${message}`).join('\n'),
  })
  t.throws(() => hostsOf('b node=x\nb node=y'), {
    message: 'hosts, line 2: b has node=y here, and node=x in hosts, line 1',
  })
  t.throws(() => hostsOf('b ports=1\nb ports=2-3'), {
    message: 'hosts, line 2: b has ports=2-3 here, and ports=1-1 in hosts, line 1',
  })
  t.throws(() => hostsOf('a slots=0\nb\n^a\n^c'), {
    message:
      'hosts, line 1: slots=0: expected a whole number from 1 to 65536\nhosts, line 4: host "c" cannot be excluded, it is none of a, b',
  })
  t.throws(() => parseHostfile('# nothing\n', 'empty'), /empty: no host in the file/)
})

t.test('parseHostList reads hosts, users, addresses and exclusions', async (t) => {
  t.same(parseHostList('a:2,b,me@[::1]:3,^c,b', '--host'), {
    hosts: [
      { name: 'a', slots: 2 },
      { name: 'b', slots: 2 },
      { name: 'me@::1', slots: 3 },
    ],
    order: ['a', 'b', 'me@::1', 'b'],
    excluded: [{ where: '--host', name: 'c' }],
  })
  t.throws(() => parseHostList('a,,b', '--host'), /--host: "" is no host/)
})

/** A host as a line of a hostfile. */
function lineOf(
  { name, slots, maxSlots, nodePath, programDirectory, wdir, ports, speed }: Host,
  space: string,
): string {
  const fields = {
    slots,
    max_slots: maxSlots,
    node: nodePath,
    tsmpi: programDirectory,
    wdir,
    ports: ports && `${ports.first}-${ports.last}`,
    speed,
  }
  const words = Object.entries(fields).filter(([, value]) => value !== undefined)
  const bracketed = name.includes(':') ? `[${name}]` : name
  return [bracketed, ...words.map(([key, value]) => `${key}${space}=${space}"${value}"`)].join(`${space}\t `)
}

t.test('parseHostfile reads back what was written', async () => {
  const text = fc.stringMatching(/^[^"\r\n]+$/)
  const host = fc.record(
    {
      name: fc.oneof(fc.stringMatching(/^[a-z][a-z0-9-]{0,10}[a-z0-9]$/), fc.ipV4(), fc.ipV6()),
      slots: fc.integer({ min: 1, max: 999 }),
      maxSlots: fc.integer({ min: 999, max: 1999 }),
      nodePath: text,
      programDirectory: text,
      wdir: text,
      ports: fc.record({ first: fc.integer({ min: 1, max: 99 }), last: fc.integer({ min: 99, max: 999 }) }),
      speed: fc.integer({ min: 1, max: 40 }).map((tenths) => tenths / 10),
    },
    { requiredKeys: ['name', 'slots'] },
  )
  const hosts = fc.uniqueArray(host, { selector: ({ name }) => name, minLength: 1 })
  const sorted = (one: Host): unknown => Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))
  fc.assert(
    fc.property(hosts, fc.constantFrom('', ' '), (written, space) => {
      const { hosts: read, order } = parseHostfile(written.map((one) => lineOf(one, space)).join(' # "x\n'), 'f')
      return (
        JSON.stringify(read.map(sorted)) === JSON.stringify(written.map(sorted)) &&
        JSON.stringify(order) === JSON.stringify(written.map(({ name }) => name))
      )
    }),
  )
})

t.test('parseHostfile reads any text or says what is wrong with it', async () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab19:@[]^=" #/*\n\t_-.'), maxLength: 40 }), (text) => {
      try {
        return parseHostfile(text, 'f').hosts.every(({ name }) => /^[\w][\w.@:%-]*$|^[\w.-]*@?[\da-f:.%]+$/.test(name))
      } catch (error) {
        return (error as Error).name === 'UsageError' && /^f(, line \d+)?: /.test((error as Error).message)
      }
    }),
    { numRuns: 2000 },
  )
})

t.test('every sample in hostfiles/ is read', async (t) => {
  const folder = new URL('../../../hostfiles', import.meta.url).pathname
  const samples = readdirSync(folder).filter((name) => !name.endsWith('.md') && !name.startsWith('rankfile'))
  t.ok(samples.length >= 2)
  for (const name of samples) t.ok(parseHostfile(readFileSync(join(folder, name), 'utf8'), name).hosts.length > 0, name)
})
