/**
 * Every call of the reference does what it should on 1, 2, 3, 4, 5, 7 and 8 ranks, in one thread, over shared memory and over
 * ZeroMQ. What the calls are is read in docs/reference, so that none is forgotten.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import * as api from '../../index.ts'
import { runRanks } from '../../testing.ts'
import { everyCall, watchCalls } from '../helpers/every-call.ts'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

const PAGES = fileURLToPath(new URL('../../docs/reference/tsmpi/classes/', import.meta.url))
/** Ends the job. */
const ENDING = 'abort'
const SIZES = [1, 2, 3, 4, 5, 7, 8]

/** All methods of all classes, as Class.method. */
const methods = readdirSync(PAGES).flatMap((page) => {
  const headings = readFileSync(PAGES + page, 'utf8').matchAll(/^### (\w+)\(\)/gm)
  return Array.from(headings, ([, name]) => `${page.replace('.md', '')}.${name}`)
})
/** One rank alone has no other side. */
const callable = (size: number): string[] =>
  methods.filter((one) => !one.endsWith(`.${ENDING}`) && (size > 1 || !one.startsWith('Intercomm.')))

t.ok(methods.length > 300 && methods.includes('Comm.ssendObject'), `${methods.length} methods`)

const neverCalled = watchCalls(api)
for (const size of SIZES)
  t.test(`every call in one thread: p=${size}`, async (t) => {
    t.same((await runRanks(size, ({ world }) => everyCall(world, api))).flat(), [])
  })
t.test('no call was left out', async (t) => t.same(neverCalled(callable(8)), []))

for (const transport of ['auto', 'zmq'])
  for (const size of SIZES)
    t.test(`every call between threads and processes: --transport ${transport} -n ${size}`, async (t) => {
      const calls = callable(size).join(',')
      const job = ['-n', String(size), '--transport', transport, '--strict']
      const ended = await tsmpirun([...job, 'test/spmd/programs/every-call.ts', calls])
      t.equal(ended.stdout, 'ok\n'.repeat(size))
      t.equal(messages(ended), '')
      t.equal(ended.code, 0)
    })
