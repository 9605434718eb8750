/**
 * Every call of the reference does what it should on 1, 2, 3, 4, 5, 7 and 8 ranks, in one thread, over shared memory and over
 * ZeroMQ (there with TSMPI_TEST_ALL=1 only, else on some of them). What the calls are is read in docs/reference, so that none is forgotten.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import * as api from '../../index.ts'
import { runRanks } from '../../testing.ts'
import { ALL } from '../helpers/effort.ts'
import { everyCall, watchCalls } from '../helpers/every-call.ts'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

const PAGES = fileURLToPath(new URL('../../docs/reference/tsmpi/classes/', import.meta.url))
/** What ends the job, and what V8 has given MpiError. */
const LEFT_OUT = /\.(abort|captureStackTrace|prepareStackTrace)$/
const SIZES = [1, 2, 3, 4, 5, 7, 8]
/** Numbers of ranks of real jobs: a part of them by default. */
const JOBS = { auto: ALL ? SIZES : [1, 4, 7], zmq: ALL ? SIZES : [2, 3] }

/** All methods of all classes, as Class.method. */
const methods = readdirSync(PAGES).flatMap((page) => {
  const headings = readFileSync(PAGES + page, 'utf8').matchAll(/^### (\w+)\(\)/gm)
  return Array.from(headings, ([, name]) => `${page.replace('.md', '')}.${name}`)
})
/** One rank alone has no other side. */
const callable = (size: number): string[] =>
  methods.filter((one) => !LEFT_OUT.test(one) && (size > 1 || !one.startsWith('Intercomm.')))

t.ok(methods.length > 300 && methods.includes('Comm.ssendObject'), `${methods.length} methods`)

const neverCalled = watchCalls(api)
for (const size of SIZES)
  t.test(`every call in one thread: p=${size}`, async (t) => {
    t.same((await runRanks(size, ({ world }) => everyCall(world, api))).flat(), [])
  })
t.test('no call was left out', async (t) => t.same(neverCalled(callable(8)), []))

for (const [transport, sizes] of Object.entries(JOBS))
  for (const size of sizes)
    t.test(`every call between threads and processes: --transport ${transport} -n ${size}`, async (t) => {
      const calls = callable(size).join(',')
      // The checks of buffers change nothing and raise no alarm.
      const job = ['-n', String(size), '--transport', transport, '--strict', ...(size % 2 === 0 ? ['--check'] : [])]
      const ended = await tsmpirun([...job, 'test/spmd/programs/every-call.ts', calls])
      t.equal(ended.stdout, 'ok\n'.repeat(size))
      t.equal(messages(ended), '')
      t.equal(ended.code, 0)
    })
