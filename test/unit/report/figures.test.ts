/** Which figures come of which results, what they say, and that each can be drawn wide and narrow. */
import t from 'tap'
import { drawInline, drawSvg, createRasteriser } from '../../../report/drawing.ts'
import type { Figure } from '../../../report/figure.ts'
import { figuresOf } from '../../../report/figures.ts'
import type { Inputs } from '../../../report/inputs.ts'
import { contentOf } from '../../../report/inputs.ts'
import { resultLine, resultText } from '../../helpers/hpl-results.ts'

function figuresFrom(inputs: Partial<Inputs>): Figure[] {
  return figuresOf({ files: [], results: [], traces: [], benchmarks: [], problems: [], ...inputs })
}

const figure = (figures: readonly Figure[], id: string): Figure => {
  const found = figures.find((one) => one.id === id)
  if (found === undefined) throw new Error(`no figure ${id} among ${figures.map((one) => one.id).join(', ')}`)
  return found
}

/** Amdahl's law with a serial part of a tenth. */
const amdahl = (p: number): number => 2 * (0.1 + 0.9 / p)
const scaling = [1, 2, 3, 4, 6, 8].flatMap((p) =>
  [1, 2].map((repeat) => resultLine({ n: 1000, p: 1, q: p, seconds: amdahl(p), repeat })),
)

t.test('runs on several numbers of processes become speed-up with the laws that made them', async (t) => {
  const figures = figuresFrom({ results: scaling })
  t.strictSame(
    figures.map(({ id }) => id),
    ['gflops', 'communication', 'grids', 'phases', 'speedup', 'efficiency', 'karp-flatt'],
  )
  const [parameters, measured] = figure(figures, 'speedup').tables
  const value = (name: string): unknown => parameters?.rows.find(([, , parameter]) => parameter === name)?.[3]
  t.ok(Math.abs(Number(value('serial fraction')) - 0.1) < 1e-9)
  t.ok(Math.abs(Number(value('contention (sigma)')) - 0.1) < 1e-9)
  t.ok(Math.abs(Number(value('coherency (kappa)'))) < 1e-9)
  const eight = measured?.rows.find(([, p]) => p === 8)
  t.ok(Math.abs(Number(eight?.[2]) - amdahl(1) / amdahl(8)) < 1e-9)
  const flatt = figure(figures, 'karp-flatt').tables[0]?.rows.map((row) => Number(row[2])) ?? []
  t.ok(flatt.length === 5 && flatt.every((serial) => Math.abs(serial - 0.1) < 1e-9))
})

t.test('a problem that grows with the processes becomes scaled speed-up', async (t) => {
  const rate = (p: number): number => 0.05 + 0.95 * p
  const results = [1, 2, 3, 4].map((p) => {
    const n = Math.round(1000 * Math.cbrt(p))
    const flops = (2 / 3) * n ** 3 + (3 / 2) * n ** 2
    return resultLine({ n, p: 1, q: p, seconds: flops / 1e9 / rate(p) })
  })
  const [parameters] = figure(figuresFrom({ results }), 'scaled-speedup').tables
  t.match(parameters?.rows[0]?.[0], /Equal work for each process, from N = 1000/)
  t.ok(Math.abs(Number(parameters?.rows[0]?.[3]) - 0.05) < 1e-9)
})

t.test('several hosts beside one become a crossover where their rates meet', async (t) => {
  const orders = [500, 1000, 2000, 4000]
  const one = orders.map((n) => resultLine({ n, p: 1, q: 2, seconds: n ** 3 / 1e9 }))
  // The ratio of the rates is N / 1500.
  const several = orders.map((n) => resultLine({ n, p: 1, q: 4, hosts: 2, link: '1gbe', seconds: (1500 * n ** 2) / 1e9 })) // prettier-ignore
  const found = figure(figuresFrom({ results: [...one, ...several] }), 'crossover')
  t.strictSame(found.tables[0]?.rows[0]?.slice(0, 2), ['2 hosts, 1gbe, 1x4', 1500])
  t.match(found.summary, /faster than one host from N = 1500 on/)
})

t.test('grids and mappings become a heat map, one process row stands for both mappings', async (t) => {
  const shapes = [[1, 4, 'row'], [2, 2, 'row'], [2, 2, 'column'], [4, 1, 'row']] as const // prettier-ignore
  const results = shapes.map(([p, q, pmap], k) => resultLine({ n: 800, p, q, pmap, seconds: 1 + k }))
  const map = figure(figuresFrom({ results }), 'grids')
  t.equal(map.tables[0]?.rows.length, 6)
  t.match(map.summary, /^1x4 in row-major mapping on one host is the fastest/)
})

t.test('two numbers of processes tell of speed-up only if one of them is one', async (t) => {
  const ids = (counts: readonly number[]): string[] => {
    const results = counts.map((q) => resultLine({ n: 1000, p: 1, q, seconds: 4 / q + 0.1 }))
    return figuresFrom({ results }).map(({ id }) => id)
  }
  t.notOk(ids([2, 4]).includes('speedup'))
  t.ok(ids([1, 4]).includes('speedup'))
  t.ok(ids([2, 3, 4]).includes('speedup'))
  const slower = [2, 3, 4].map((q) => resultLine({ n: 1000, p: 1, q, seconds: q ** 3 }))
  t.notOk(
    figuresFrom({ results: slower }).some(({ id }) => id === 'speedup'),
    'no time of one process would be negative',
  )
})

t.test('a place is named by what differs, and stands in the heat map if it has several grids', async (t) => {
  const limited = (line: ReturnType<typeof resultLine>, limit: string) => ({
    ...line,
    arguments: ['--rate-limit', limit],
  })
  const results = [
    limited(resultLine({ n: 800, p: 1, q: 2, seconds: 1 }), '6'),
    limited(resultLine({ n: 800, p: 1, q: 4, hosts: 2, link: '1gbe', seconds: 2 }), '6'),
    limited(resultLine({ n: 800, p: 2, q: 2, hosts: 2, link: '1gbe', seconds: 3 }), '6'),
  ]
  const places = (lines: typeof results): unknown[] => figure(figuresFrom({ results: lines }), 'grids').tables[0]?.rows.map(([, , place]) => place) ?? [] // prettier-ignore
  t.strictSame([...new Set(places(results))], ['2 hosts, 1gbe'])
  const another = limited(resultLine({ n: 100, p: 1, q: 2, seconds: 1 }), '3')
  t.strictSame([...new Set(places([...results, another]))], ['2 hosts, 1gbe, 6 Gflops a rank'])
  const clear = results.map((line) => {
    const command = [...(line.sweep?.command ?? []), '--encryption', 'off']
    return { ...line, sweep: { ...line.sweep, command } }
  }) as typeof results
  t.strictSame([...new Set(places([...results, ...clear]))], ['2 hosts, 1gbe', '2 hosts, 1gbe, in the clear'])
})

t.test('the heat map is of an order at which grids of equally many processes compete', async (t) => {
  const shapes = [[1, 4], [2, 2]] as const // prettier-ignore
  const results = [...scaling, ...shapes.map(([p, q]) => resultLine({ n: 500, p, q, seconds: 1 }))]
  t.match(figure(figuresFrom({ results }), 'grids').title, /N = 500$/)
})

t.test('rates are shown with the rate of dgemm within the runs', async (t) => {
  const results = [200, 400].map((n) => resultLine({ n, p: 2, q: 2, seconds: 1e-9 * n ** 3 }))
  const figures = figuresFrom({ results })
  const [, , , , , seconds, gflops, dgemm, communication] = figure(figures, 'gflops').tables[0]?.rows[1] ?? []
  t.ok(Math.abs(Number(dgemm) - 2 * Number(gflops)) < 1e-9, 'half of the time is dgemm')
  t.same([seconds, communication], [0.064, 0.25])
  t.match(figure(figures, 'gflops').summary, /50 % of what dgemm reaches/)
})

t.test('tests that failed are no runs, and nothing comes of nothing', async (t) => {
  const failed = scaling.map((line) => ({ ...line, test: { ...line.test, outcome: 'failed' as const } }))
  t.strictSame(figuresFrom({ results: failed }), [])
  t.strictSame(figuresFrom({}), [])
})

t.test('every figure is drawn wide, narrow, as a file and as pixels', async (t) => {
  const several = [500, 1000].map((n) => resultLine({ n, p: 2, q: 2, pmap: 'column', hosts: 2, link: 'bandwidth=1 Gbit/s,latency=50 us', seconds: 0.5 })) // prettier-ignore
  const rasterise = await createRasteriser()
  for (const one of figuresFrom({ results: [...scaling, ...several] })) {
    const [wide, narrow, file] = [drawInline(one, 860), drawInline(one, 360), drawSvg(one)]
    for (const svg of [wide, narrow, file]) {
      t.match(svg, /<(path|circle|rect|line) /, one.id)
      t.notMatch(svg, /NaN|undefined|Infinity/, one.id)
    }
    t.match(file, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
    const png = rasterise(file)
    t.strictSame([...png.slice(0, 4)], [0x89, 0x50, 0x4e, 0x47])
    t.ok(png.length > 5000, `${one.id}: ${png.length} bytes`)
    t.ok(one.summary.length > 20 && one.tables.every(({ rows, columns }) => rows.length > 0 && rows.every((row) => row.length === columns.length)), `${one.id} has words and tables`) // prettier-ignore
  }
})

t.test('a file is known by its content, and a torn last line does not hide the others', async (t) => {
  const text = resultText(scaling)
  t.match(contentOf(text, 'a'), { kind: 'results', torn: false })
  const torn = contentOf(text.slice(0, -30), 'a')
  t.match(torn, { kind: 'results', torn: true })
  t.equal(torn.kind === 'results' ? torn.lines.length : 0, scaling.length - 1)
  t.match(contentOf('', 'a'), { kind: 'problems', problems: ['a: is empty'] })
  t.match(contentOf('{"some": 1}', 'a'), { kind: 'problems', problems: [/a: expected results of hpl --json/] })
  t.match(contentOf('[{"ph":"X"', 'a'), { kind: 'problems', problems: [/no JSON/] })
  t.match(contentOf('[]', 'a'), { kind: 'problems', problems: [/no rows named "rank 0"/] })
  t.match(contentOf(`${text}{"format":"tsmpi-hpl"}\n`, 'a'), { kind: 'problems', problems: [/a, line 13: is no result/] }) // prettier-ignore
})

t.test('the JSON of each benchmark becomes a figure', async (t) => {
  const machine = { cpu: 'cpu', cores: 2, node: 'v20' }
  const files = [
    { benchmark: 'latency', unit: 'us', hosts: 1, machine, date: '', results: [{ mode: 'latency', contender: 'tsmpi', values: { 8: [1, 2], 1024: [3] } }] },
    { benchmark: 'collectives', unit: 'us', hosts: 1, machine, date: '', results: [{ mode: 'barrier', contender: 'tsmpi', values: { 0: [5] } }, { mode: 'bcast', contender: 'Open MPI', values: { 8: [2], 64: [3] } }] },
    { benchmark: 'networks', rate: '1gbe', hosts: 3, tolerance: 0.1, machine, date: '', results: [{ name: 'ring', emulated: [1], namespaces: [2], ratio: 0.5 }] },
    { options: { n: 4000 }, rows: [{ grid: '1x2', blas: 'wasm', description: '', samples: [{ dgemmGflops: 9, hpl: { hpl: { seconds: 1, gflops: 8 } } }] }] },
    { options: { n: 4000 }, machine: '', date: '', kernels: '', rows: [{ group: 'bcast', name: 'long', seconds: [1, 2], medianSeconds: 1 }] },
    { ranks: 4, ratio: 1.1, runs: [{ name: 'tsmpirun', ms: [330, 340] }, { name: 'mpirun', ms: [310] }] },
    { machine, results: [{ what: 'dgemm', backend: 'wasm', unit: 'Gflop/s', median: 9, lowest: 8, highest: 10 }] },
    { benchmark: 'recording', unit: 'us', options: {}, rows: [{ group: '1024 B, blocking', name: '--trace', values: [1, 2], means: [3, 4] }] },
  ] // prettier-ignore
  for (const file of files) {
    const content = contentOf(JSON.stringify(file), 'b.json')
    if (content.kind !== 'benchmark') throw new Error(JSON.stringify(content))
    const [one] = figuresFrom({ benchmarks: [content.benchmark] })
    t.match(drawInline(one as Figure, 860), /<circle |<path /, content.benchmark.title)
    t.notMatch(drawInline(one as Figure, 360), /NaN/)
  }
})
