/** --progress: netlib's lines, when netlib prints them, and nothing else in the report. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { runHpl } from '../../../hpl/driver.ts'
import { parseHplDat, type HplParameters } from '../../../hpl/input.ts'
import { runRanks } from '../../../testing.ts'
import { orderedBlas } from '../../helpers/hpl-problems.ts'

const shipped = parseHplDat(readFileSync(new URL('../../../hpl/HPL.dat', import.meta.url), 'utf8'), 4)
if (!shipped.ok) throw new Error(shipped.error.text)
const parameters: HplParameters = {
  ...shipped.parameters,
  n: [100, 20],
  nb: [25],
  grids: [{ p: 1, q: 2 }],
  pfact: ['crout'],
  rfact: ['crout'],
  nbmin: [16],
}

/** The report and the lines of progress; every look at the clock takes a second. */
async function run(depth: number, withProgress: boolean): Promise<{ text: string; lines: string[] }> {
  let text = ''
  const lines: string[] = []
  await runRanks(2, ({ world }) => {
    let seconds = 0
    return runHpl({
      world,
      parameters: { ...parameters, depth: [depth] },
      blas: orderedBlas(),
      print: (piece) => void (text += piece),
      now: () => seconds++,
      date: () => new Date(2026, 0, 1),
      ...(withProgress && { progress: (line: string) => void lines.push(line) }),
    })
  })
  return { text, lines }
}

t.test('a line before every panel but the first, none if there is one panel', async (t) => {
  for (const depth of [0, 1]) {
    const { lines } = await run(depth, true)
    t.equal(lines.length, 3)
    for (const [k, line] of lines.entries()) {
      const column = 25 * (k + 1)
      t.match(line, /^Column=\d{9} Fraction=[ \d]\d\.\d% Gflops=\d\.\d{3}e-\d\d\n$/)
      t.equal(line.slice(0, 32), `Column=${String(column).padStart(9, '0')} Fraction=${String(25 * (k + 1))}.0% `)
    }
  }
})

t.test('the rate is that of the columns done since the start', async (t) => {
  const { lines } = await run(0, true)
  // A whole number of seconds: 2 (N^3 - (N - column)^3) / 3 flops, over the printed rate.
  for (const [k, line] of lines.entries()) {
    const left = 100 - 25 * (k + 1)
    const seconds = (2 * (1e6 - left ** 3)) / 3 / (1e9 * Number(/Gflops=(.*)\n/.exec(line)?.[1]))
    t.ok(seconds > 1 && Math.abs(seconds / Math.round(seconds) - 1) < 1e-3, `${String(seconds)} s`)
  }
})

t.test('the report is the same with and without, but for the clock it looks at', async (t) => {
  for (const depth of [0, 1]) {
    const masked = ({ text }: { text: string }): string => text.replace(/^(WR.{30}).*$/gm, '$1')
    const plain = await run(depth, false)
    t.equal(masked(await run(depth, true)), masked(plain))
    t.same(plain.lines, [])
  }
})
