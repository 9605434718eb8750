/** Nonblocking collectives go on while the rank waits for a timer, its input, a socket, a message, another collective. */
import { join } from 'node:path'
import t from 'tap'
import { ALL, SOAK } from '../helpers/effort.ts'
import { shell } from '../helpers/shell.ts'
import { messages, start, TSMPIRUN } from '../helpers/tsmpirun.ts'

if (ALL) t.setTimeout(10 * 60_000)

for (const job of [
  ['-n', '4'],
  ['-n', '3', '--transport', 'zmq'],
  ['-n', '5', '--emulate-hosts', '2'],
  ...(SOAK ? [2, 3, 5, 7, 8] : ALL ? [2, 7] : []).flatMap((n) => [['-n', `${n}`], ['-n', `${n}`, '--transport', 'zmq']]), // prettier-ignore
])
  t.test(`nonblocking collectives go on beside other waits: tsmpirun ${job.join(' ')}`, async (t) => {
    const scratch = join(t.testdir(), 'scratch')
    const input = `${scratch}.input`
    await shell(`mkfifo ${input}`)
    // Open for both ends, so that it does not end; a rank writes what the others read.
    const line = `exec ${process.execPath} ${TSMPIRUN} ${job.join(' ')} --stdin all test/spmd/programs/elsewhere.ts ${scratch} ${input} <>${input}`
    const ended = await start(['-c', line], { program: 'sh' }).ended
    t.equal(messages(ended), '')
    t.equal(ended.stdout, 'ok\n'.repeat(Number(job[1])))
    t.equal(ended.code, 0)
  })
