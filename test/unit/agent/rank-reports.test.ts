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

/** @param isProgram whether its code is that of a program, or of this installation */
async function report(t: Test, isProgram: boolean): Promise<RankReport> {
  const { port1, port2 } = new MessageChannel()
  const options = { workerData: { inquiries: port2, ms: 1500 }, transferList: [port2] }
  const url = new URL(`data:text/javascript,${encodeURIComponent(readFileSync(CODE, 'utf8'))}`)
  const worker = new Worker(isProgram ? url : CODE, options)
  t.teardown(() => worker.terminate())
  await once(worker, 'message')
  const [found] = await rankReports([{ rank: 0, seat: 0, worker, inquiries: port1 }], watch, { thorough: true })
  return found as RankReport
}

t.test('a rank that is at work on its answer is waited for', async (t) => {
  t.same((await report(t, false)).picture, { waits: [] })
})

t.test('a rank that computes in the program is not waited for, and its line is told', async (t) => {
  const { picture, stack } = await report(t, true)
  t.equal(picture, undefined)
  t.match(stack[0], /^data:text\/javascript/)
})
