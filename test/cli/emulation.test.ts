/** `tsmpirun --emulate`, as its users meet it: what it refuses, and that no message comes before its time. */
import t, { type Test } from 'tap'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

const PROGRAM = 'scripts/bench/programs/networks.ts'

const mistakes: { args: string[]; says: RegExp }[] = [
  {
    args: ['--emulate', '3gbe'],
    says: /--emulate: "3gbe" is no network; expected one of 100mbe, 1gbe, .*, or fields such as "bandwidth=1 Gbit\/s/,
  },
  {
    args: ['--emulate', 'latency=50 us'],
    says: /--emulate is "latency=50 us", without bandwidth; expected one of 100mbe/,
  },
  {
    args: ['--emulate', '1gbe,speed=3'],
    says: /--emulate: "speed=3" is unknown; expected bandwidth=, latency=, buffer= or a profile first/,
  },
  {
    args: ['--emulate', '1gbe,latency=50 m'],
    says: /latency is "50 m", expected a quantity such as "50 us", from 0 to 10 s/,
  },
  { args: ['--emulate', '1gbe,latency=1 us,latency=2 us'], says: /--emulate: latency is given twice/ },
  {
    args: ['--emulate', '1gbe', '--ranks-per-agent', '1'],
    says: /--emulate gives every host one network port, which its ranks share; host0 has several processes/,
  },
]
for (const { args, says } of mistakes)
  t.test(`tsmpirun ${args.join(' ')} is refused with exit code 2`, async (t) => {
    const ended = await tsmpirun(['-n', '4', '--emulate-hosts', '2', ...args, PROGRAM])
    t.equal(ended.code, 2)
    t.match(ended.stderr, says)
  })

t.test('all mistakes in a network are told at once', async (t) => {
  const { stderr } = await tsmpirun(['-n', '0', '--emulate', 'bandwidth=fast,buffer=2 m,foo', PROGRAM])
  t.match(stderr, /-n is "0"/)
  t.match(stderr, /bandwidth is "fast"/)
  t.match(stderr, /buffer is "2 m"/)
  t.match(stderr, /"foo" is unknown/)
})

t.test('--emulate on one host says that it has nothing to do', async (t) => {
  const ended = await tsmpirun(['-n', '2', '--emulate', '1gbe', PROGRAM, 'shift', '1000', '1'])
  t.equal(ended.code, 0)
  t.match(messages(ended), /note: --emulate has nothing to do, all ranks are on one host; --emulate-hosts K makes more/)
})

/** Every time that the program measured, in ms. */
async function measured(t: Test, ranks: number, network: string, pattern: string, nbytes: number): Promise<number[]> {
  const hosts = ['-n', String(ranks), '--emulate-hosts', String(ranks), '--emulate', network]
  const ended = await tsmpirun([...hosts, PROGRAM, pattern, String(nbytes), '3'])
  t.equal(ended.code, 0, ended.stderr)
  return (JSON.parse(ended.stdout) as { ms: number[] }).ms
}

const MIB = 1 << 20
const PAYLOAD_BYTES_PER_MS = (1448 / 1538) * 125_000

t.test('bytes come no faster than 1 Gbit/s Ethernet lets TCP carry them', async (t) => {
  const least = (4 * MIB) / PAYLOAD_BYTES_PER_MS
  for (const ms of await measured(t, 2, '1gbe', 'ping-pong', 4 * MIB)) t.ok(ms > least, `${ms} ms, at least ${least}`)
})

t.test('all who send to one host share its link', async (t) => {
  const least = (3 * MIB) / PAYLOAD_BYTES_PER_MS
  for (const ms of await measured(t, 4, '1gbe', 'incast', MIB)) t.ok(ms > least, `${ms} ms, at least ${least}`)
})

t.test('no message is quicker than the latency', async (t) => {
  for (const ms of await measured(t, 2, '1gbe,latency=30 ms', 'shift', 8)) t.ok(ms > 30, `${ms} ms`)
})

t.test('ranks of one host do not go through the emulated network', async (t) => {
  const hosts = ['-n', '2', '--emulate-hosts', '1', '--emulate', '1gbe,latency=10 s']
  const ended = await tsmpirun([...hosts, PROGRAM, 'shift', '8', '3'])
  t.equal(ended.code, 0)
  const { ms } = JSON.parse(ended.stdout) as { ms: number[] }
  t.ok(
    ms.every((each) => each < 10_000),
    `${ms} ms`,
  )
})

t.test('ranks that wait for messages of a slow network are not taken for a deadlock', async (t) => {
  const network = ['-n', '2', '--emulate-hosts', '2', '--emulate', 'bandwidth=1 Mbit/s,latency=700 ms']
  const ended = await tsmpirun([...network, PROGRAM, 'shift', '20000', '1'])
  t.equal(ended.code, 0, ended.stderr)
})
