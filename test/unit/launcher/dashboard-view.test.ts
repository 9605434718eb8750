/** What the dashboard makes of what agents tell: states, links and rates. */
import t from 'tap'
import type { RankReport } from '../../../runtime/diagnosis/picture.ts'
import { deadlockView, JobView } from '../../../runtime/launcher/dashboard/view.ts'
import type { AgentPlan } from '../../../runtime/launcher/placement.ts'

const plan = (host: string, ranks: number[]): AgentPlan => ({ host, ranks, local: true }) as unknown as AgentPlan
const report = (rank: number, peer?: number): RankReport => ({
  rank,
  state: 'running',
  stack: [],
  silentSeconds: 0,
  picture: {
    waits:
      peer === undefined
        ? []
        : [
            {
              kind: 'receive',
              call: 'recv',
              context: 0,
              peer,
              tag: 7,
              nbytes: 8,
              collective: undefined,
              place: undefined,
            },
          ],
    moreWaits: 0,
    started: [],
    moreStarted: 0,
    unreceived: [],
    moreUnreceived: 0,
    communicators: [{ context: 0, name: 'world', members: [[0, 3]], calls: 0, place: undefined }],
    resources: [],
    signals: [],
  },
})

t.test('ranks stand under their hosts, several agents of one host together', async (t) => {
  const view = new JobView([plan('a', [0, 3]), plan('b', [1]), plan('a', [2])])
  const { hosts } = view.picture(0)
  t.strictSame(
    hosts.map(({ name, ranks }) => [name, ranks.map(({ rank, state }) => `${rank} ${state}`)]),
    [
      ['a', ['0 unknown', '2 unknown', '3 unknown']],
      ['b', ['1 unknown']],
    ],
  )
})

t.test('a rank waits, computes or has ended; one that waits says for whom', async (t) => {
  const view = new JobView([plan('a', [0, 1, 2, 3])])
  view.reports([report(0, 2), report(1), { ...report(2), picture: undefined }, report(3, 1)])
  view.ended(3)
  const [{ ranks = [] } = {}] = view.picture(0).hosts
  t.strictSame(
    ranks.map(({ state }) => state),
    ['waits', 'computes', 'computes', 'over'],
  )
  t.strictSame(
    ranks.map(({ waitsFor }) => waitsFor),
    [[2], [], [], []],
  )
  t.equal(ranks[0]?.text, 'in recv(source 2, tag 7) on world')
})

t.test('links add up the bytes of all ranks of two hosts, and rates are those since the answer before', async (t) => {
  const view = new JobView([plan('a', [0, 1]), plan('b', [2])])
  const traffic = (rank: number, totalMs: number, sent: [number, number][], communicationMs = 0) => ({ rank, totalMs, communicationMs, sent }) // prettier-ignore
  view.traffic([traffic(0, 1000, [[2, 500], [1, 10]], 200), traffic(1, 1000, [[2, 300]])]) // prettier-ignore
  t.strictSame(view.picture(1000).links, [
    { from: 'a', to: 'b', bytes: 800, bytesPerSecond: 800 },
    { from: 'a', to: 'a', bytes: 10, bytesPerSecond: 10 },
  ])
  view.traffic([traffic(0, 3000, [[2, 900], [1, 10]], 1200), traffic(1, 3000, [[2, 300]])]) // prettier-ignore
  const { links, hosts } = view.picture(3000)
  t.strictSame(links, [
    { from: 'a', to: 'b', bytes: 1200, bytesPerSecond: 200 },
    { from: 'a', to: 'a', bytes: 10, bytesPerSecond: 0 },
  ])
  t.equal(hosts[0]?.ranks[0]?.communication, 0.5)
  t.equal(hosts[1]?.ranks[0]?.communication, null)
  view.ended(0)
  view.ended(1)
  t.strictSame(
    view.picture(3000).links.map(({ bytesPerSecond }) => bytesPerSecond),
    [0, 0],
  )
})

t.test('a curve keeps its ends however long a job runs', async (t) => {
  const view = new JobView([plan('a', [0])])
  for (let second = 0; second < 10_000; second++) view.progress(second, { label: '', share: 0.5, gflops: 2 * second })
  view.progress(10_000, { label: 'without a rate', share: 1 })
  t.ok(view.rates.length <= 1200, String(view.rates.length))
  t.strictSame(view.rates[0], [0, 0])
  const steps = new Set(view.rates.slice(1).map(([second], index) => second - (view.rates[index]?.[0] ?? 0)))
  t.equal(steps.size, 1, 'evenly spaced')
  t.ok((view.rates.at(-1)?.[0] ?? 0) > 9900, String(view.rates.at(-1)))
})

t.test('a deadlock is told as the chain and as the report of the terminal', async (t) => {
  const { kind, steps, end, report: text } = deadlockView([report(0, 1), report(1, 0)])
  t.equal(kind, 'cycle')
  t.strictSame(
    steps.map(({ rank }) => rank),
    [0, 1],
  )
  t.equal(end, 0)
  t.match(text, /where the cycle closes/)
})
