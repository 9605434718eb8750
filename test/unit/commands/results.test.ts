/** Result files: what is written is what the schema says, torn and foreign lines are found, tables and times are right. */
import { readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { formatDuration } from '../../../runtime/base/duration.ts'
import { planTests } from '../../../commands/sweep/plan.ts'
import { showProgress } from '../../../commands/progress.ts'
import { nameOf, outcomeOf } from '../../../commands/sweep/progress.ts'
import { checkSpecification, commandLineSource } from '../../../commands/sweep/specification.ts'
import { formatTable, type Row } from '../../../commands/sweep/table.ts'
import { TimeLeft } from '../../../commands/sweep/time-left.ts'
import type { TestRecord } from '../../../hpl/driver.ts'
import { readResults } from '../../../hpl/results/reader.ts'
import { resultsJsonSchema, type ResultLine } from '../../../hpl/results/schema.ts'
import { formatResult, type JobFacts } from '../../../hpl/results/writer.ts'
import { RECOMMENDED, singleTest } from '../../../hpl/single-test.ts'

const FACTS: JobFacts = {
  tsmpi: '0.1.0',
  ranks: 2,
  hosts: [{ name: 'a', ranks: [0, 1], cpu: 'x', cores: 2, memoryBytes: 1e9, platform: 'linux x64', node: 'v20.0.0' }],
  blas: { kind: 'ordered', description: 'ordered' },
  arguments: [],
}
const POINT = { n: 20, nb: 4, p: 1, q: 2, pmap: 'row', ...RECOMMENDED.variant } as const
const PARAMETERS = singleTest(POINT, RECOMMENDED.settings)

function lineOf(more: Partial<TestRecord>): string {
  return formatResult(FACTS, PARAMETERS, { ...POINT, outcome: 'passed', ...more })
}

t.test('docs/hpl-results.schema.json is the schema that the reader uses', async (t) => {
  const page = new URL('../../../docs/hpl-results.schema.json', import.meta.url)
  t.same(JSON.parse(readFileSync(page, 'utf8')), JSON.parse(JSON.stringify(resultsJsonSchema())))
})

t.test(
  'every kind of test record is written so that it reads back, with fields that nobody has named yet',
  async (t) => {
    const norms = { residual: 1, aInf: 1, a1: 1, xInf: 1, x1: 1, bInf: 1 }
    const records: Partial<TestRecord>[] = [
      { outcome: 'passed', seconds: 0.5, gflops: 2, verification: { scaled: 0.01, ...norms } },
      { outcome: 'failed', seconds: 0.5, gflops: Infinity, verification: { scaled: NaN, ...norms } },
      { outcome: 'unchecked', seconds: 0.5, gflops: 2 },
      { outcome: 'skipped', reason: 'no memory' },
      { outcome: 'passed', traffic: [{ bytes: Float64Array.of(1, 2) }] } as Partial<TestRecord>,
    ]
    const { lines, problems, tornBytes } = readResults(records.map((record) => `${lineOf(record)}\n`).join(''), 'f')
    t.same([problems, tornBytes, lines.length], [[], 0, records.length])
    t.match(
      lines.map(({ test }) => test),
      [
        { outcome: 'passed', verification: { scaled: 0.01 } },
        { outcome: 'failed', gflops: null, verification: { scaled: null } },
        { outcome: 'unchecked' },
        { outcome: 'skipped', reason: 'no memory' },
        { traffic: [{ bytes: [1, 2] }] },
      ],
    )
  },
)

t.test('a file cut anywhere yields the whole lines before the cut, and the bytes behind them are torn', async () => {
  const whole = [lineOf({ seconds: 1 }), lineOf({ reason: 'ünlucky' }), lineOf({})].map((line) => `${line}\n`).join('')
  const bytes = Buffer.from(whole)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: bytes.length }), (cut) => {
      const part = bytes.subarray(0, cut).toString('latin1')
      const { lines, problems, goodBytes } = readResults(Buffer.from(part, 'latin1').toString(), 'f')
      const end = bytes.subarray(0, cut).lastIndexOf(10) + 1
      return problems.length === 0 && goodBytes === end && lines.length === whole.slice(0, end).split('\n').length - 1
    }),
  )
})

t.test('lines that are no results are told with their numbers', async (t) => {
  const text = `${lineOf({})}\nhello\n\n{"kind":"test"}\n${lineOf({}).replace('"nb":4', '"nb":0')}\n[]\n`
  const { lines, problems } = readResults(text, 'my.jsonl')
  t.equal(lines.length, 1)
  t.match(problems, [
    /^my\.jsonl, line 2: is no JSON: hello$/,
    /^my\.jsonl, line 4: is no result of HPL: /,
    /^my\.jsonl, line 5: is no result of HPL: test\.nb: /,
    /^my\.jsonl, line 6: is no result of HPL: /,
  ])
})

/** A table of these rates; undefined stands for a job that failed. */
function tableOf(options: Record<string, string>, rates: readonly (readonly (number | undefined)[])[]): string {
  const tests = planTests(checkSpecification([commandLineSource({ n: '1000', grid: '1x2', ...options })]))
  const [line] = readResults(`${lineOf({})}\n`, 'f').lines as [ResultLine]
  const rows = rates.map((row, index): Row => {
    const lines = row.map((gflops): ResultLine => {
      const test = { ...POINT, outcome: 'passed', seconds: 1, gflops: gflops ?? 0 } as const
      return gflops === undefined
        ? ({ ...line, kind: 'failure', reason: 'lost' } as ResultLine)
        : ({ ...line, test } as ResultLine)
    })
    return { test: tests[index] as Row['test'], lines }
  })
  return formatTable(rows, { bold: false })
}

t.test('the table marks the highest median among those that passed, and shows what T/V does not', async (t) => {
  t.equal(
    tableOf({ nb: '64,128,192,256', swap: '0' }, [[3], [9.5], [undefined], []]),
    [
      '   T/V          N   NB  PxQ  Time  Gflops  result',
      '   WR11R2R8  1000   64  1x2  1.00   3.000  passed',
      '*  WR11R2R8  1000  128  1x2  1.00   9.500  passed',
      '   WR11R2R8  1000  192  1x2                no result',
      '   WR11R2R8  1000  256  1x2                not run',
      '',
    ].join('\n'),
  )
  t.equal(
    tableOf({ swap: '0,2', l1: '0,1' }, [[3, 1, 2], [4, 4, undefined], [1], [1]]),
    [
      '   T/V       SWAP  L1     N   NB  PxQ  Time  Gflops  spread  result',
      '*  WR11R2R8     0   0  1000  128  1x2  1.00   2.000   100 %  passed',
      '   WR11R2R8     0   1  1000  128  1x2  1.00   4.000     0 %  passed, no result',
      '   WR11R2R8     2   0  1000  128  1x2  1.00   1.000     0 %  passed',
      '   WR11R2R8     2   1  1000  128  1x2  1.00   1.000     0 %  passed',
      '',
    ].join('\n'),
  )
})

t.test('the widest rows keep within 80 columns', async (t) => {
  const options = { n: '1000000', nb: '1024', grid: '128x1024', nbmin: '16', swap: '0,2' }
  const text = tableOf(options, [[123_456.7, 120_000], [1]])
  for (const line of text.split('\n')) t.ok(line.length <= 80, line)
})

t.test('the time left is exact when tests cost a constant and their flops at one rate', async () => {
  const flops = (n: number): number => (2 / 3) * n ** 3 + (3 / 2) * n ** 2
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 100, max: 5000 }), { minLength: 2, maxLength: 10 }),
      fc.integer({ min: 1, max: 9 }),
      (orders, before) => {
        const works = orders.map((n, index) => ({ n, ranks: 1 + (index % 3) }))
        const solve = (work: (typeof works)[number]): number => flops(work.n) / work.ranks / 1e9
        const timeLeft = new TimeLeft()
        const done = Math.min(before, orders.length - 1)
        for (const work of works.slice(0, done)) timeLeft.add(work, solve(work) + 0.5, solve(work))
        const rest = works.slice(done)
        const expected = rest.reduce((sum, work) => sum + solve(work) + 0.5, 0)
        return Math.abs(timeLeft.of(rest) - expected) < 1e-6 * expected
      },
    ),
  )
})

t.test('times are told in two units at most', async (t) => {
  const table = [
    [0.04, '0.0 s'], [9.94, '9.9 s'], [9.96, '10 s'], [59.6, '1 min'], [61, '1 min 1 s'], [3599.9, '1 h'],
    [7199, '2 h'], [5400, '1 h 30 min'], [90_000, '1 d 1 h'], [86_399, '1 d'],
  ] as const // prettier-ignore
  for (const [seconds, text] of table) t.equal(formatDuration(seconds), text)
})

t.test(
  'a terminal gets one line that is drawn anew, with a bar, the count and the time left before the name',
  async (t) => {
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80 })
    const [test] = planTests(checkSpecification([commandLineSource({ n: '1000', grid: '1x2' })])) as [Row['test']]
    const [line] = readResults(`${lineOf({})}\n`, 'f').lines as [ResultLine]
    const progress = showProgress(stream as unknown as NodeJS.WriteStream, { done: 1, total: 3 })
    progress.begin(nameOf(test))
    progress.end(outcomeOf(line), 3600)
    progress.stop()
    const drawn = (stream.read() as Buffer).toString()
    t.match(drawn, /\[={8}-{16}\] 1\/3: /)
    t.match(drawn, /\[={16}-{8}\] 2\/3, 1 h left: N=1000 NB=128 1x2 WR11R2R8/)
    t.notMatch(drawn, '\n')
    t.notMatch(drawn, /\u001B\[\?/, 'no state of the terminal is changed')
  },
)
