/** Hostfiles, host lists and the placement of ranks. */
import fc from 'fast-check'
import t from 'tap'
import { parseHostfile, parseHostList, type Host } from '../../../runtime/launcher/hosts.ts'
import { placeRanks } from '../../../runtime/launcher/placement.ts'

t.test('parseHostfile reads both notations, comments, users and repeated hosts', async (t) => {
  const text = '# cluster\nnode1 slots=4 # the big one\n\nuser@node2:2\nnode3\n10.0.0.7 slots=1\nnode1 slots=2\r\n'
  t.same(parseHostfile(text, 'hosts'), [
    { name: 'node1', slots: 6 },
    { name: 'user@node2', slots: 2 },
    { name: 'node3', slots: undefined },
    { name: '10.0.0.7', slots: 1 },
  ])
})

t.test('parseHostfile reports all mistakes of a file together, with line and what is allowed', async (t) => {
  const text = 'node1 slots=four\nnode2 cores=3\n$(reboot)\nnode4:0\na:b:c\n'
  t.throws(() => parseHostfile(text, 'my.hosts'), {
    message: [
      'my.hosts, line 1: slots=four: the number of slots is "four", expected a whole number >= 1',
      'my.hosts, line 2: "cores=3" is unknown; expected slots=N',
      'my.hosts, line 3: "$(reboot)" is no host; expected NAME, NAME:SLOTS or USER@NAME',
      'my.hosts, line 4: node4:0: the number of slots is "0", expected a whole number >= 1',
      'my.hosts, line 5: "a:b:c" is no host; expected NAME, NAME:SLOTS or USER@NAME',
    ].join('\n'),
  })
  t.throws(() => parseHostfile('# nothing\n', 'empty'), /empty: no host in the file/)
})

t.test('parseHostList gives a host without a number one slot', async (t) => {
  t.same(parseHostList('a:2,b'), [
    { name: 'a', slots: 2 },
    { name: 'b', slots: 1 },
  ])
  t.throws(() => parseHostList('a,,b'), /--host: "" is no host/)
})

t.test('parseHostfile reads back what was written', async () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}[a-z0-9]$/)
  const host = fc.record({ name, slots: fc.integer({ min: 1, max: 999 }) })
  fc.assert(
    fc.property(fc.uniqueArray(host, { selector: ({ name }) => name, minLength: 1 }), fc.boolean(), (hosts, colon) => {
      const text = hosts.map(({ name, slots }) => (colon ? `${name}:${slots}` : `${name}  slots=${slots}`)).join('\n')
      return JSON.stringify(parseHostfile(text, 'f')) === JSON.stringify(hosts)
    }),
  )
})

const place = (size: number, hosts: Host[], more: { emulateHosts?: number; ranksPerAgent?: number } = {}) =>
  placeRanks({
    size,
    hosts,
    isLocal: (name) => name === 'here',
    defaultSlots: 2,
    emulateHosts: more.emulateHosts,
    ranksPerAgent: more.ranksPerAgent,
  }).map(({ host, ranks }) => `${host}: ${ranks.join(' ')}`)

t.test('placeRanks fills slots in order and deals the rest round', async (t) => {
  const hosts = [
    { name: 'here', slots: 2 },
    { name: 'b', slots: 1 },
    { name: 'c', slots: undefined },
  ]
  t.same(place(2, hosts), ['here: 0 1'])
  t.same(place(5, hosts), ['here: 0 1', 'b: 2', 'c: 3 4'])
  t.same(place(7, hosts), ['here: 0 1 2', 'b: 3 4', 'c: 5 6'])
})

t.test('placeRanks cuts hosts into agents and emulates hosts in even blocks', async (t) => {
  t.same(place(5, [{ name: 'here', slots: 5 }], { ranksPerAgent: 2 }), ['here: 0', 'here: 1 2', 'here: 3 4'])
  t.same(place(5, [], { emulateHosts: 2 }), ['host0: 0 1', 'host1: 2 3 4'])
  t.same(place(2, [], { emulateHosts: 3 }), ['host0: 0', 'host1: 1'])
})

t.test('placeRanks gives every rank to exactly one agent, in ascending order', async () => {
  const hosts = fc.array(fc.record({ slots: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }) }), {
    minLength: 1,
    maxLength: 5,
  })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      hosts,
      fc.integer({ min: 1, max: 6 }),
      (size, slots, ranksPerAgent) => {
        const named = slots.map((host, index) => ({ name: `h${index}`, ...host }))
        const plans = placeRanks({
          size,
          hosts: named,
          isLocal: () => false,
          defaultSlots: 2,
          emulateHosts: undefined,
          ranksPerAgent,
        })
        const ranks = plans.flatMap((plan) => plan.ranks)
        return (
          JSON.stringify(ranks) === JSON.stringify(Array.from({ length: size }, (_, i) => i)) &&
          plans.every((plan) => plan.ranks.length >= 1 && plan.ranks.length <= ranksPerAgent)
        )
      },
    ),
  )
})
