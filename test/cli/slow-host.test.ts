/** `--slow-host` as its users meet it: what computes on a slow host takes longer, and the map shows which it is. */
import t from 'tap'
import { tsmpirun } from '../helpers/tsmpirun.ts'

const PROGRAM = 'test/cli/programs/compute.ts'

/** Lines of a job: each rank computes MS milliseconds of processor time, ROUNDS times. */
async function lines(ms: number, rounds: number, ...options: string[]) {
  const ended = await tsmpirun([...options, PROGRAM, String(ms), String(rounds)])
  if (ended.code !== 0) throw new Error(ended.stderr)
  return ended.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { host?: string; rank: number; round: number; sleptMs: number; tookMs?: number })
}

const skip = process.platform === 'linux' ? false : 'the processor time of a thread is read as Linux has it'

t.test('a rank of a slow host sleeps, before its next call, for what it has computed', { skip }, async (t) => {
  for (const transport of ['auto', 'zmq']) {
    const options = ['-n', '2', '--emulate-hosts', '2', '--transport', transport, '--slow-host', '1=0.25']
    const all = await lines(60, 3, ...options)
    const slow = all.filter(({ host }) => host === 'host1')
    t.equal(slow.length, 3)
    // 60 ms at a quarter of the speed are 240 ms; a sleep may make up for one that was a millisecond too long.
    for (const { sleptMs } of slow) t.ok(sleptMs > 178, `slept ${sleptMs} ms`)
    const tookMs = all.find((line) => line.tookMs !== undefined)?.tookMs ?? 0
    t.ok(tookMs > 3 * 240 - 5, `the host that is quick waits at the barrier: ${tookMs} ms`)
  }
})

t.test(
  'waiting is not computing: a slow rank that waits for a quick one sleeps only for its own part',
  { skip },
  async (t) => {
    const all = await lines(100, 2, '-n', '2', '--emulate-hosts', '2', '--slow-host', 'host1=0.5')
    const quick = all.filter(({ host }) => host === 'host0')
    const slow = all.filter(({ host }) => host === 'host1')
    t.ok(slow.every(({ sleptMs }) => sleptMs > 98))
    t.ok(Math.min(...quick.map(({ sleptMs }) => sleptMs)) < Math.min(...slow.map(({ sleptMs }) => sleptMs)))
  },
)

t.test('the map shows the slow host; mistakes are refused with code 2', async (t) => {
  const map = await tsmpirun(['-n', '4', '--emulate-hosts', '2', '--slow-host', '1=0.5', '--dry-run'])
  t.equal(map.code, 0)
  t.match(map.stdout, /host1 .*│ slow-host=0\.5 │/)
  const wrong = await tsmpirun(['-n', '0', '--slow-host', '1=2', PROGRAM])
  t.equal(wrong.code, 2)
  t.match(wrong.stderr, /-n is "0"[^]*--slow-host: read "1=2", expected HOST=PART/)
  const nobody = await tsmpirun(['-n', '2', '--emulate-hosts', '2', '--slow-host', '2=0.5', PROGRAM])
  t.match(
    nobody.stderr,
    '--slow-host 2=0.5: there is no such host; expected a number from 0 to 1, or one of host0, host1',
  )
})
