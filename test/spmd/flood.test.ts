/**
 * Floods in real jobs: nothing is lost, and the memory of who is flooded is bounded. That the work grows as the messages do
 * is counted where no clock is needed: test/unit/engine.
 */
import t, { type Test } from 'tap'
import { ALL } from '../helpers/effort.ts'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

const PROGRAM = 'test/spmd/programs/flood.ts'
/** By which the process with the flooded rank may grow: of messages that were awaited, however many. */
const BOUND = 100e6

interface Flood {
  readonly wrong: number
  readonly grown: number
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

  t.test(`${outstanding} sends under way at once ${where} come in order`, async (t) => {
    const { wrong, grown } = await flood(t, options, 'outstanding', outstanding)
    t.equal(wrong, 0)
    t.ok(grown < 10_000 * outstanding, `grown by ${grown / outstanding} bytes for each`)
  })

  t.test(`10 000 outstanding receives ${where} are matched, the last one first`, async (t) => {
    const { wrong } = await flood(t, options, 'receives', 10_000)
    t.equal(wrong, 0)
  })
}
