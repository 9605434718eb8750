/** What `tsmpi wall` makes of results: crossovers, limits, defaults, and its drawings. */
import fc from 'fast-check'
import t from 'tap'
import { drawChart } from '../../../commands/wall/chart.ts'
import { crossover } from '../../../report/crossover.ts'
import { findingsOf, layoutOf } from '../../../commands/wall/findings.ts'
import { describeLimit, limitsOf, type Layout, type Limit } from '../../../commands/wall/limits.ts'
import { planWall, runOrder, type WallSettings } from '../../../commands/wall/plan.ts'
import { formatReport } from '../../../commands/wall/report.ts'
import { completeSettings, defaultLinks, defaultOrders, defaultRate } from '../../../commands/wall/settings.ts'
import { drawSvg } from '../../../commands/wall/svg.ts'
import { ACTIVITIES, type Activity, type ActivityTotals } from '../../../hpl/activities.ts'
import type { RankProfile } from '../../../hpl/profile.ts'
import type { Result, ResultLine } from '../../../hpl/results/schema.ts'
import { parseLink } from '../../../runtime/launcher/emulation.ts'
import { UsageError } from '../../../runtime/launcher/usage-error.ts'
import type { PlannedTest } from '../../../commands/sweep/plan.ts'

t.test('crossover() finds where a power law passes 1, from any two points around it', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 500, max: 5000 }),
      fc.double({ min: 0.2, max: 3, noNaN: true }),
      fc.uniqueArray(fc.integer({ min: 100, max: 20_000 }), { minLength: 2, maxLength: 8 }),
      (at, power, orders) => {
        const pairs = orders.map((n) => ({ n, one: 7, several: 7 * (n / at) ** power }))
        const found = crossover(pairs)
        const [least, most] = [Math.min(...orders), Math.max(...orders)]
        if (least >= at) return found.kind === 'below' && found.n === least
        if (most < at) return found.kind === 'beyond' && found.n === most && (found.towards === undefined || Math.abs(found.towards - at) < 1e-6 * at) // prettier-ignore
        return found.kind === 'at' && Math.abs(found.n - at) < 1e-6 * at
      },
    ),
  )
})

t.test('crossover() takes the last passage, and guesses nothing where the gain falls or leads far away', async (t) => {
  const at = (...gains: number[]): ReturnType<typeof crossover> =>
    crossover(gains.map((several, k) => ({ n: 1000 * 2 ** k, one: 1, several })))
  const last = at(0.5, 1.1, 0.9, 1.8)
  t.ok(last.kind === 'at' && last.n > 4000 && last.n < 8000)
  t.same(at(0.9, 0.8), { kind: 'beyond', n: 2000, towards: undefined })
  t.same(at(0.5, 0.51), { kind: 'beyond', n: 2000, towards: undefined })
  t.same(at(0.5), { kind: 'beyond', n: 1000, towards: undefined })
})

/** A process with these seconds; messages and bytes by activity. */
function profile(
  seconds: Partial<Record<Activity, number>>,
  sent: Partial<Record<Activity, [number, number]>> = {},
): RankProfile {
  // prettier-ignore
  const totals = (activity: Activity): ActivityTotals => {
    const [messages, bytes] = sent[activity] ?? [0, 0]
    return { seconds: seconds[activity] ?? 0, messages, bytes, flops: 0 }
  }
  const activities = Object.fromEntries(ACTIVITIES.map((one) => [one, totals(one)])) as Record<Activity, ActivityTotals>
  const all = ACTIVITIES.reduce((sum, one) => sum + activities[one].seconds, 0)
  return { row: 0, col: 0, seconds: all, activities, broadcastSeconds: 0 }
}

const LINK = { bandwidth: 1e8, latency: 1e-4 }
const FLAT: Layout = { hostOf: [0, 1], p: 1, q: 2, depth: 0 }
const TALL: Layout = { hostOf: [0, 1], p: 2, q: 1, depth: 0 }

t.test('limitsOf() names what takes the time', async (t) => {
  const cases: [Limit, Layout, RankProfile][] = [
    ['compute', FLAT, profile({ gemm: 8, wait: 2 }, { broadcast: [10, 1e8] })],
    ['panel', FLAT, profile({ gemm: 4, panel: 5, wait: 1 }, { broadcast: [10, 1e3] })],
    // Each host sends 4e8 bytes: 4 of the 5 seconds of waiting.
    ['bandwidth', FLAT, profile({ gemm: 4, panel: 1, wait: 5 }, { broadcast: [10, 4e8] })],
    // The same wait for a tenth of the bytes: somebody is late.
    ['waiting', FLAT, profile({ gemm: 4, panel: 1, wait: 5 }, { broadcast: [10, 4e7] })],
    ['latency', TALL, profile({ gemm: 4, panel: 1, pivots: 5 }, { pivots: [10_000, 1e6] })],
    ['latency', TALL, profile({ gemm: 4, panel: 1, rows: 5 }, { rows: [40_000, 1e6] })],
  ]
  for (const [limit, layout, one] of cases) {
    const found = limitsOf([one, one], LINK, layout)
    t.equal(found.limit, limit, describeLimit(found))
    const sum = Object.values(found.shares).reduce((a, b) => a + b, 0)
    t.ok(Math.abs(sum - 1) < 1e-9, 'the shares add up to 1')
    t.ok(describeLimit(found).length <= 40)
  }
})

t.test('what stays within a host is no bandwidth of the network', async (t) => {
  const one = profile({ gemm: 4, wait: 6 }, { broadcast: [10, 4e8] })
  const inside = limitsOf([one, one], LINK, { ...FLAT, hostOf: [0, 0] })
  t.same([inside.shares.bandwidth, inside.bytesPerHost, inside.limit], [0, 0, 'waiting'])
  const half = limitsOf([one, one, one, one], LINK, { hostOf: [0, 0, 1, 1], p: 1, q: 4, depth: 0 })
  t.equal(half.bytesPerHost, 4e8, 'two of four steps of the ring leave a host')
})

t.test('drawChart() keeps within its width and names every curve at its end', async (t) => {
  const points = (slope: number): [number, number][] => [
    [100, slope],
    [500, 5 * slope],
    [1000, 9 * slope],
  ]
  const curves = ['one host', '1gbe', '10gbe'].map((name, k) => ({ name, points: points(k + 1) }))
  const chart = drawChart(curves, { width: 80, xLabel: 'N' })
  const lines = chart.split('\n')
  t.ok(lines.every((line) => line.length <= 80))
  const rowOf = (name: string): number => lines.findIndex((line) => line.endsWith(` ${name}`))
  t.ok(rowOf('10gbe') >= 0 && rowOf('10gbe') < rowOf('1gbe') && rowOf('1gbe') < rowOf('one host'))
  t.match(lines.at(-2), /^ +N +100 .* 1000$/)
})

t.test('drawChart() tells curves apart without colour: a mark at each point, and a course for a model', async (t) => {
  const points = [1, 2, 3, 4].map((x): [number, number] => [x, x])
  const curves = [
    { name: 'measured', points },
    { name: 'other', points: points.map(([x, y]): [number, number] => [x, 4 + y / 2]) },
    { name: 'law', points: points.map(([x, y]): [number, number] => [x, 3 * y]), model: true },
  ]
  const plot = drawChart(curves, { width: 80, xLabel: 'x' }).split('\n')
  const drawn = plot.map((line) => line.slice(10, 69)).join('')
  t.equal(drawn.match(/o/g)?.length, 4)
  t.equal(drawn.match(/x/g)?.length, 4)
  t.match(drawn, /·{3}/)
  t.match(drawn, /═/, 'the second curve has strokes of its own')
  for (const name of ['o measured', 'x other', '· law']) t.ok(plot.some((line) => line.endsWith(` ${name}`)))
})

t.test('drawChart() ends a curve with its last point', async (t) => {
  const curves = [
    { name: 'long', points: [[1, 4], [4, 4]] }, // prettier-ignore
    { name: 'short', points: [[1, 1], [2, 1]] }, // prettier-ignore
  ] as const
  const line = drawChart(curves, { width: 80, xLabel: 'x' }).split('\n').find((row) => row.includes('═')) // prettier-ignore
  t.match(line, /x═+x {30,}x short$/)
})

t.test('drawChart() names the values of x that are asked for, as far as there is room', async (t) => {
  const axis = (ticks: readonly number[]): string | undefined => {
    const curves = [{ name: 'a', points: [[0, 1], [100, 2]] }] as const // prettier-ignore
    return drawChart(curves, { width: 80, xLabel: 'x', ticks }).split('\n').at(-2)
  }
  t.match(axis([0, 100]), /^ +x +0 {60,}100$/)
  t.match(axis([0, 50, 100]), /^ +x +0 {25,}50 {25,}100$/)
  t.match(axis([0, 1, 2, 100]), /^ +x +0 {60,}100$/)
})

t.test('drawChart() draws what is negative, and a single point', async (t) => {
  const chart = drawChart([{ name: 'log', points: [[0, -2], [4, 3]] }, { name: 'one', points: [[2, 1]] }], { width: 60, xLabel: 'x' }) // prettier-ignore
  t.match(chart, /^ +-2\.00 /m)
  t.ok(chart.split('\n').every((line) => line.length <= 60))
})

t.test(
  'defaults: orders are ascending multiples of NB, ranks leave cores free, faster machines get faster links',
  async (t) => {
    // prettier-ignore
    fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.constantFrom(32, 64, 128), (gflops, nb) => {
      const orders = defaultOrders(gflops * 1e9, nb)
      return orders.every((n, k) => n > 0 && n % nb === 0 && n >= (orders[k - 1] ?? 0))
    }),
  )
    t.equal(defaultRate(50, 4, 2), 10)
    t.equal(defaultRate(5, 12, 2), 0.33)
    const largest = (gflops: number): number => defaultOrders(gflops * 1e9, 128).at(-1) as number
    t.same(defaultLinks(32e9, 2, largest(32)), ['1gbe', '2.5gbe', '10gbe'])
    t.same(defaultLinks(2e12, 2, largest(2000)), ['10gbe', '25gbe', '100gbe'])
  },
)

const OPTIONS = {
  n: '200,100',
  nb: '32',
  hostfile: undefined,
  hosts: '2',
  'ranks-per-host': '2',
  grid: undefined,
  rate: '1',
  link: ['1gbe,10gbe'],
  'grids-n': '100',
  repeat: '2',
  blas: 'ordered',
  'blas-library': undefined,
} as const

t.test('all mistakes of the options are told together', async (t) => {
  const wrong = { ...OPTIONS, n: '100,big', hosts: '1', grid: '3x3', rate: '-1', link: ['1gbe,fast'], repeat: '0' }
  try {
    await completeSettings(wrong, {}, undefined)
    t.fail('expected mistakes')
  } catch (error) {
    t.type(error, UsageError)
    const lines = (error as Error).message.split('\n')
    t.match(lines, [/^--hosts: read "1", expected a whole number >= 2/, /^--repeat: /, /^--n: read "big"/, /^--rate: read "-1"/, /^--grid: read "3x3", expected P x Q = 2 ranks/, /^--link: "fast" is no network/]) // prettier-ignore
  }
})

t.test('what was chosen before holds for what is not given', async (t) => {
  const before = { rate: 3, n: [64, 128], links: ['2.5gbe'] }
  const { settings, chosen } = await completeSettings(
    { ...OPTIONS, n: undefined, rate: undefined, link: undefined },
    {},
    before,
  )
  t.match(settings, { n: [64, 128], rate: 3, links: [{ name: '2.5gbe' }] })
  t.same(chosen, before)
})

/** A result as a job would give it: rates by order and link, where two hosts win at N = 200 on 10gbe only. */
function resultOf(args: readonly string[], point: Result['test'], id: string): ResultLine {
  const link = args[args.indexOf('--emulate') + 1] as string
  const several = args.includes('--emulate')
  const gflops = several ? (link === '10gbe' ? point.n / 80 : point.n / 400) : 1 + point.n / 200
  const rank = profile({ gemm: several ? 1 : 9, wait: several ? 9 : 0 }, { broadcast: [3, 100] })
  const ranks = point.p * point.q
  const hosts = several ? [[0, 1], [2, 3]] : [[0, 1]] // prettier-ignore
  return {
    kind: 'test',
    test: { ...point, outcome: 'passed', gflops, seconds: 1, ranks: Array.from({ length: ranks }, () => rank) },
    hosts: hosts.map((members, k) => ({ name: `host${k}`, ranks: members, cores: 2 })),
    blas: { kind: 'ordered', description: 'plain loops' },
    arguments: [],
    sweep: { id, command: args },
  } as unknown as ResultLine
}

async function sample(): Promise<{ settings: WallSettings; questions: ReturnType<typeof planWall> }> {
  const { settings } = await completeSettings(OPTIONS, { blas: 'ordered' }, undefined)
  return { settings, questions: planWall(settings) }
}

t.test('the plan asks for one host, for several over every link, and for every grid in both mappings', async (t) => {
  const { settings, questions } = await sample()
  t.same(settings.n, [100, 200])
  const names = questions.map(({ kind, n, link, tests }) => {
    const { p, q, pmap } = (tests[0] as (typeof tests)[number]).point
    return `${kind} ${n} ${link?.name ?? '-'} ${p}x${q} ${pmap}`
  })
  t.same(names.slice(0, 6), [
    'one 100 - 1x2 row',
    'one 200 - 1x2 row',
    'several 100 1gbe 1x4 column',
    'several 200 1gbe 1x4 column',
    'several 100 10gbe 1x4 column',
    'several 200 10gbe 1x4 column',
  ])
  t.same(
    names.slice(6, 10),
    ['1x4 row', '2x2 row', '2x2 column', '4x1 row'].map((grid) => `grids 100 1gbe ${grid}`),
  )
  t.equal(names.length, 14)
  const order = runOrder(questions)
  t.equal(order.length, 28)
  t.same(order.map(({ repeat }) => repeat), [...Array<number>(14).fill(1), ...Array<number>(14).fill(2)]) // prettier-ignore
  t.match(
    order[2]?.args.join(' '),
    /^-n 4 --emulate-hosts 2 --emulate 1gbe hpl .*--blas ordered --rate-limit 1 --warm-up$/,
  )
})

t.test(
  'the report says in 80 columns where two hosts begin to win and what limits them; the drawing has it too',
  async (t) => {
    // prettier-ignore
    const { settings, questions } = await sample()
    const known = ({ args, point, id }: PlannedTest): ResultLine => resultOf(args, point as Result['test'], id)
    const findings = findingsOf(settings, questions, known)
    t.match(findings.links, [
      { link: { name: '1gbe' }, crossover: { kind: 'beyond', n: 200 } },
      { link: { name: '10gbe' }, crossover: { kind: 'at', n: Number } },
    ])
    const report = formatReport(settings, findings)
    t.ok(report.split('\n').every((line) => line.length <= 80))
    t.match(report, /^1gbe: 1 Gbit\/s, 50 us\n[^]*\n2 hosts do not beat one up to N = 200/m)
    t.match(
      report,
      /^10gbe: [^]*\n2 hosts beat one from N = 1\d\d on \(interpolated\)\. From N = 100 to 200 imbalance/m,
    )
    t.match(report, /\n +100 +1\.50 +1\.25 +0\.83 +90 % +imbalance: 90 % waiting for others\n/)
    t.match(report, /\n +2x2 +row .* pivots, rows\n +2x2 +column .* panels\n/)
    t.match(report, /\n10gbe: /)
    const svg = drawSvg(settings, runOrder(questions).map(known)) // prettier-ignore
    t.match(svg, /^<svg [^]*<\/svg>\n$/)
    for (const text of ['on 2 hosts against one', '1x2, one host', '2 hosts, 1gbe', '2x2', 'column', 'N = 1']) t.ok(svg.includes(text), text) // prettier-ignore
  },
)

t.test(
  'a rate that alike hosts cannot have is no triumph: one host was disturbed, and the report says so',
  async (t) => {
    const { settings, questions } = await sample()
    const disturbed = ({ args, point, id }: PlannedTest): ResultLine => {
      const line = resultOf(args, point as Result['test'], id) as Result
      const slow = !args.includes('--emulate') && point.n === 100
      return { ...line, test: { ...line.test, gflops: slow ? 0.1 : (line.test.gflops as number) } }
    }
    const report = formatReport(settings, findingsOf(settings, questions, disturbed)).replace(/\s+/g, ' ')
    t.match(report, 'More than 2 times one host, at N = 100, is more than 2 such hosts can do')
    const quiet = ({ args, point, id }: PlannedTest): ResultLine => resultOf(args, point as Result['test'], id)
    t.notMatch(formatReport(settings, findingsOf(settings, questions, quiet)), 'More than')
  },
)

t.test('without results the report says so', async (t) => {
  const { settings, questions } = await sample()
  const findings = findingsOf(settings, questions, () => undefined)
  const report = formatReport(settings, findings)
  t.match(report, /\n +100 +no result\n/)
  t.match(drawSvg(settings, []), /^<svg [^]*2 hosts against one</)
})

t.test('layoutOf() places the ranks of the grid in both mappings', async (t) => {
  const hosts = [{ ranks: [0, 1] }, { ranks: [2, 3] }]
  const layout = (pmap: string): readonly number[] => layoutOf({ test: { p: 2, q: 2, pmap, depth: 0 }, hosts } as unknown as Result).hostOf // prettier-ignore
  t.same(layout('row'), [0, 0, 1, 1])
  t.same(layout('column'), [0, 1, 0, 1])
  t.ok((await parseLink('1gbe')).bytesPerMs > 0)
})
