/** Ranks that are asked what they do, and take long to answer: those at work on the answer are waited for. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { MessageChannel, Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import type { HostWatch } from '../../../runtime/agent/host-watch.ts'
import { rankReports } from '../../../runtime/agent/rank-reports.ts'
import type { RankReport } from '../../../runtime/diagnosis/picture.ts'
import { PHASE_OF_RANK } from '../../../runtime/transport/stillness.ts'

const watch = {
  hasEnded: () => false,
  phaseOf: () => PHASE_OF_RANK.RUNNING,
  silentSeconds: () => [0],
} as unknown as HostWatch
const CODE = new URL('../../helpers/late-answer.mjs', import.meta.url)
const PROGRAM = program(readFileSync(CODE, 'utf8'))

/** Code that does not lie in this installation. */
function program(text: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`)
}

async function report(t: Test, code: URL): Promise<RankReport> {
  const { port1, port2 } = new MessageChannel()
  const options = { workerData: { inquiries: port2, ms: 1500 }, transferList: [port2] }
  const worker = new Worker(code, options)
  t.teardown(() => worker.terminate())
  await once(worker, 'message')
  const [found] = await rankReports([{ rank: 0, seat: 0, worker, inquiries: port1 }], watch, { thorough: true })
  return found as RankReport
}

t.test('a rank that is at work on its answer is waited for', async (t) => {
  t.same((await report(t, CODE)).picture, { waits: [] })
})

t.test('a rank that computes in the program is not waited for, and its line is told', async (t) => {
  const { picture, stack } = await report(t, PROGRAM)
  t.equal(picture, undefined)
  t.match(stack[0], /^data:text\/javascript/)
})

t.test('a rank that computes in calls of this installation shows the line of the program first', async (t) => {
  const inside = new URL('../../helpers/spin.mjs', import.meta.url)
  const { stack } = await report(
    t,
    program(`import { test } from '${inside.href}'\nfunction poll() {\n  test()\n}\npoll()`),
  )
  t.match(stack, [/^poll \(data:text\/javascript[^]*:3\) calling test$/, /^data:text\/javascript[^]*:5$/])
  t.equal(stack.length, 2)
})
