/**
 * Floods in real jobs: nothing is lost, the memory of who is flooded is bounded, and who has ten times as much outstanding
 * does not need a hundred times as long.
 */
import t, { type Test } from 'tap'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

const PROGRAM = 'test/spmd/programs/flood.ts'
const ALL = process.env['TSMPI_TEST_ALL'] === '1'
/** By which the process with the flooded rank may grow: of messages that were awaited, however many. */
const BOUND = 100e6

interface Flood {
  readonly wrong: number
  readonly grown: number
  readonly ms: number
}

async function flood(t: Test, options: readonly string[], mode: string, count: number): Promise<Flood> {
  const ended = await tsmpirun(['-n', '2', ...options, PROGRAM, mode, String(count)])
  t.equal(messages(ended), '')
  t.equal(ended.code, 0)
  return JSON.parse(ended.stdout) as Flood
}

for (const [where, options, awaited, outstanding] of [
  ['on one host', [], ALL ? 1e6 : 1e5, 40_000],
  ['between two hosts', ['--emulate-hosts', '2'], ALL ? 1e5 : 3e4, 20_000],
] as const) {
  t.test(`${awaited} messages of 1 KiB that nobody receives wait in bounded memory ${where}`, async (t) => {
    const { wrong, grown } = await flood(t, options, 'awaited', awaited)
    t.equal(wrong, 0)
    t.ok(grown < BOUND, `grown by ${grown} bytes`)
  })

  t.test(`${outstanding} sends under way at once ${where} come in order, in linear time`, async (t) => {
    const few = await flood(t, options, 'outstanding', outstanding / 10)
    const many = await flood(t, options, 'outstanding', outstanding)
    t.equal(few.wrong + many.wrong, 0)
    t.ok(many.grown < 10_000 * outstanding, `grown by ${many.grown / outstanding} bytes for each`)
    t.ok(linear(few, many), `${few.ms} and ${many.ms} ms`)
  })

  t.test(`10 000 outstanding receives ${where} are matched in linear time`, async (t) => {
    const few = await flood(t, options, 'receives', 1000)
    const many = await flood(t, options, 'receives', 10_000)
    t.equal(few.wrong + many.wrong, 0)
    t.ok(linear(few, many), `${few.ms} and ${many.ms} ms`)
  })
}

/** Ten times as much in at most fifty times the time: quadratic would be a hundred. A slow start counts for the few. */
function linear(few: Flood, many: Flood): boolean {
  return many.ms < 50 * Math.max(few.ms, 50)
}
