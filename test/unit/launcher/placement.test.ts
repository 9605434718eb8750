/** Placement of ranks on hosts: mapping, numbering, limits, and the table that shows it. */
import fc from 'fast-check'
import t from 'tap'
import type { Host } from '../../../runtime/launcher/hosts.ts'
import { describePlacement } from '../../../runtime/launcher/placement-map.ts'
import {
  agentsOf,
  mapRanks,
  placeRanks,
  type Mapping,
  type PlacementRequest,
} from '../../../runtime/launcher/placement.ts'

type Asked = Partial<PlacementRequest>

const request = (hosts: readonly Host[], more: Asked): PlacementRequest => ({
  size: undefined,
  hosts,
  isLocal: (name) => name === 'here',
  defaultSlots: 2,
  emulateHosts: undefined,
  ranksPerAgent: undefined,
  ...more,
})

/** `a:4,b:2/3` is a with 4 slots, and b with 2 and at most 3. */
const hostsOf = (text: string): Host[] =>
  text.split(',').map((word) => {
    const [, name = '', slots, most] = /^(\w+)(?::(\d+))?(?:\/(\d+))?$/.exec(word) ?? []
    return {
      name,
      slots: slots === undefined ? undefined : Number(slots),
      ...(most !== undefined && { maxSlots: Number(most) }),
    }
  })

const place = (hosts: string, more: Asked): string =>
  mapRanks(request(hostsOf(hosts), more))
    .map(({ name, ranks }) => `${name} ${ranks.join(' ')}`)
    .join(' | ')

t.test('placeRanks fills slots in order and deals the rest round', async (t) => {
  const hosts = 'here:2,b:1,c'
  t.equal(place(hosts, { size: 2 }), 'here 0 1')
  t.equal(place(hosts, {}), 'here 0 1 | b 2 | c 3 4')
  t.equal(place(hosts, { size: 7 }), 'here 0 1 2 | b 3 4 | c 5 6')
})

// Open MPI's manual page mpirun(1), "Mapping Processes to Nodes: Using Policies".
t.test("placeRanks agrees with the examples of Open MPI's manual page", async (t) => {
  const hosts = 'aa:4,bb:4,cc:4'
  const node = { by: 'node' } as const
  t.equal(place(hosts, { size: 6 }), 'aa 0 1 2 3 | bb 4 5')
  t.equal(place(hosts, { size: 6, mapping: node }), 'aa 0 3 | bb 1 4 | cc 2 5')
  t.equal(place(hosts, { size: 6, mapping: node, ranking: 'slot' }), 'aa 0 1 | bb 2 3 | cc 4 5')
  t.equal(place('aa:1,bb:1', { mapping: { by: 'ppr', ranks: 2 } }), 'aa 0 1 | bb 2 3')
  t.equal(place('aa:4/4,bb:4/4,cc:4', { size: 14 }), 'aa 0 1 2 3 | bb 4 5 6 7 | cc 8 9 10 11 12 13')
  t.equal(
    place('aa:2,bb:1', { mapping: { by: 'seq' }, order: ['bb', 'aa', 'bb'] }),
    'aa 1 | bb 0 2',
    'the slot counts do not matter',
  )
})

t.test('placeRanks numbers by node as long as hosts have ranks left', async (t) => {
  t.equal(place('a:4,b:2', { ranking: 'node' }), 'a 0 2 4 5 | b 1 3')
  t.equal(place('a:1,b:3', { size: 4, mapping: { by: 'node' } }), 'a 0 | b 1 2 3')
})

t.test('placeRanks deals more ranks than slots by node as if there were none, up to the limits', async (t) => {
  const node = { by: 'node' } as const
  t.equal(place('a:1,b:3', { size: 6, mapping: node }), 'a 0 2 4 | b 1 3 5')
  t.equal(place('a:1/2,b:3', { size: 6, mapping: node }), 'a 0 2 | b 1 3 4 5')
})

t.test('placeRanks by speed gives each rank the fastest core that is left', async (t) => {
  const hosts = [
    { name: 'slow', slots: 4, speed: 0.5 },
    { name: 'fast', slots: 4 },
  ]
  const counts = (size: number): number[] =>
    hosts.map(
      ({ name }) =>
        mapRanks(request(hosts, { size, mapping: { by: 'speed' } })).find((one) => one.name === name)?.ranks.length ??
        0,
    )
  t.same(counts(4), [0, 4])
  t.same(counts(6), [0, 6], 'six ranks on four fast cores are faster than one on a slow core')
  t.same(counts(12), [4, 8])
})

t.test('placeRanks places as a rankfile says', async (t) => {
  const mapping: Mapping = { by: 'rankfile', hosts: ['b', 'a', 'b'] }
  t.equal(place('a:1,b:1', { mapping }), 'a 1 | b 0 2')
  t.equal(place('a:1,b:1', { size: 2, mapping }), 'a 1 | b 0')
  t.throws(() => place('a,b', { size: 4, mapping }), { message: '-n 4: the rankfile places 3 ranks, no more' })
})

t.test('placeRanks refuses what no host can take, with the limits', async (t) => {
  t.throws(() => place('a:1/2,b/3', { size: 6 }), {
    message: '-n 6: the hosts take at most 5 ranks, as max_slots says: a 2, b 3',
  })
  t.throws(() => place('a:1/2,b', { mapping: { by: 'ppr', ranks: 3 } }), {
    message: 'a would take 3 ranks, and may take max_slots=2',
  })
  t.throws(() => place('a:1,b:3', { size: 6, oversubscription: 'refuse' }), {
    message:
      'a would take 2 ranks on 1 slots, and --nooversubscribe forbids it\n' +
      'b would take 4 ranks on 3 slots, and --nooversubscribe forbids it',
  })
  t.throws(() => place('a,b', { size: 5, mapping: { by: 'ppr', ranks: 2 } }), {
    message: '-n 5: 2 ranks on each of 2 hosts are 4',
  })
  t.throws(() => place('a,b', { size: 3, mapping: { by: 'seq' } }), {
    message: '-n 3: --map-by seq has a rank for each of the 2 times that a host is named, no more',
  })
})

t.test('placeRanks cuts hosts into agents and emulates hosts in even blocks', async (t) => {
  const agents = (hosts: Host[], more: Asked): string[] =>
    placeRanks(request(hosts, more)).map(({ host, local, ranks }) => `${host} ${local} ${ranks.join(' ')}`)
  t.same(agents(hostsOf('here:5'), { ranksPerAgent: 2 }), ['here true 0', 'here true 1 2', 'here true 3 4'])
  t.same(agents([], { size: 5, emulateHosts: 2 }), ['host0 true 0 1', 'host1 true 2 3 4'])
  t.same(agents([], { size: 2, emulateHosts: 3 }), ['host0 true 0', 'host1 true 1'])
  t.same(agents([], { size: 4, emulateHosts: 2, mapping: { by: 'node' } }), ['host0 true 0 2', 'host1 true 1 3'])
  t.same(agents([], { emulateHosts: 3, mapping: { by: 'ppr', ranks: 1 } }), [
    'host0 true 0',
    'host1 true 1',
    'host2 true 2',
  ])
  const settings = { speed: 2, wdir: '/x' }
  t.same(placeRanks(request([{ name: 'a', slots: 1, maxSlots: 3, ...settings }], {})), [
    { host: 'a', local: false, ranks: [0], settings },
  ])
})

const anyHosts = fc.array(
  fc.record(
    {
      slots: fc.integer({ min: 1, max: 5 }),
      extra: fc.integer({ min: 0, max: 3 }),
      speed: fc.constantFrom(0.5, 1, 2),
    },
    { requiredKeys: ['slots'] },
  ),
  { minLength: 1, maxLength: 5 },
)
const anyMapping = fc.oneof(
  fc.constantFrom<Mapping>({ by: 'slot' }, { by: 'node' }, { by: 'speed' }, { by: 'seq' }),
  fc.integer({ min: 1, max: 6 }).map((ranks): Mapping => ({ by: 'ppr', ranks })),
)

t.test('placeRanks gives every rank to exactly one agent, keeps to limits, and uses slots first', async () => {
  fc.assert(
    fc.property(
      fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
      anyHosts,
      anyMapping,
      fc.constantFrom(undefined, 'slot' as const, 'node' as const),
      fc.integer({ min: 1, max: 6 }),
      (size, drawn, mapping, ranking, ranksPerAgent) => {
        const hosts: Host[] = drawn.map(({ slots, extra, speed }, index) => ({
          name: `h${index}`,
          slots,
          ...(extra !== undefined && { maxSlots: slots + extra }),
          ...(speed !== undefined && { speed }),
        }))
        const asked = request(hosts, { size, mapping, ranking, ranksPerAgent })
        const slots = hosts.reduce((sum, host) => sum + (host.slots ?? 0), 0)
        const room = hosts.reduce((sum, { maxSlots = Infinity }) => sum + maxSlots, 0)
        let places
        try {
          places = mapRanks(asked)
        } catch {
          // Only what there is no room for may be refused.
          const most = mapping.by === 'ppr' ? mapping.ranks * hosts.length : mapping.by === 'seq' ? hosts.length : room
          const tooMany = mapping.by === 'ppr' && hosts.some(({ maxSlots = Infinity }) => mapping.ranks > maxSlots)
          return (size ?? 0) > most || tooMany
        }
        const ranks = places.flatMap((one) => one.ranks).sort((a, b) => a - b)
        const agents = agentsOf(places, asked)
        const ascending = (list: readonly number[]): boolean =>
          list.every((rank, i) => i === 0 || rank > (list[i - 1] ?? 0))
        return (
          ranks.every((rank, index) => rank === index) &&
          (size === undefined || ranks.length === size) &&
          (mapping.by !== 'ppr' || places.every((one) => one.ranks.length <= mapping.ranks)) &&
          places.every((one) => one.ranks.length <= (one.maxSlots ?? Infinity) && ascending(one.ranks)) &&
          ((mapping.by !== 'slot' && mapping.by !== 'node') ||
            ranks.length > slots ||
            places.every((one) => one.ranks.length <= one.slots)) &&
          JSON.stringify(agents.flatMap((one) => one.ranks)) === JSON.stringify(places.flatMap((one) => one.ranks)) &&
          agents.every((one) => one.ranks.length >= 1 && one.ranks.length <= ranksPerAgent)
        )
      },
    ),
    { numRuns: 1000 },
  )
})

t.test('placeRanks by speed makes the slowest rank as fast as any placement does', async () => {
  const hosts = fc.array(fc.record({ slots: fc.integer({ min: 1, max: 3 }), speed: fc.constantFrom(0.5, 1, 1.5) }), {
    minLength: 1,
    maxLength: 3,
  })
  const slowest = (drawn: { slots: number; speed: number }[], counts: readonly number[]): number =>
    Math.min(
      ...drawn.map(({ slots, speed }, index) => {
        const ranks = counts[index] as number
        return ranks === 0 ? Infinity : speed * Math.min(1, slots / ranks)
      }),
    )
  /** Every way to deal `size` ranks over `hosts` hosts. */
  const ways = (size: number, hosts: number): number[][] =>
    hosts === 1
      ? [[size]]
      : Array.from({ length: size + 1 }, (_, taken) =>
          ways(size - taken, hosts - 1).map((rest) => [taken, ...rest]),
        ).flat()
  fc.assert(
    fc.property(hosts, fc.integer({ min: 1, max: 8 }), (drawn, size) => {
      const named = drawn.map((host, index) => ({ name: `h${index}`, ...host }))
      const places = mapRanks(request(named, { size, mapping: { by: 'speed' } }))
      const counts = named.map(({ name }) => places.find((one) => one.name === name)?.ranks.length ?? 0)
      const best = Math.max(...ways(size, drawn.length).map((way) => slowest(drawn, way)))
      return slowest(drawn, counts) === best
    }),
  )
})

t.test('describePlacement shows hosts, slots, ranks, cores and settings within 80 columns', async (t) => {
  const places = mapRanks(
    request(
      [
        { name: 'xeon', slots: 4, maxSlots: 8 },
        {
          name: 'someone@a-host-with-a-very-long-name.example.org',
          slots: 2,
          speed: 0.5,
          ports: { first: 1, last: 9 },
        },
      ],
      { size: 6 },
    ),
  )
  const agents = agentsOf(places, request([], { ranksPerAgent: 3 }))
  const text = describePlacement({ places, hosts: 2, agents, policy: 'mapped by slot', bindings: undefined })
  t.match(text, /^6 ranks on 2 hosts in 3 processes, mapped by slot\n/)
  t.match(text, /│ xeon +│ 4 \(max 8\) │ 0-3 +│ +│/)
  t.match(text, /│ 2 +│ 4, 5 +│ ports=1-9 +│\n.*│ speed=0\.5 +│/)
  const bindings = [0, 1, 2, 3].map((core) => [{ cores: [core] }])
  const bound = describePlacement({ places, hosts: 3, agents, policy: 'x', bindings })
  t.match(bound, /^6 ranks on 2 of 3 hosts in/)
  t.match(bound, /│ 0-3 +│ 0-3 +│ +│/)
  t.match(bound, /│ rank 4: not bound │/)
  for (const line of `${text}${bound}`.split('\n')) t.ok(line.length <= 80, line)
})
