/** Clocks of other machines: what is told of them holds, and arrows of a trace never point back further than it says. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { PACKET, TRACE_FLAG } from '../../../runtime/agent/start-channel.ts'
import { ClockMap } from '../../../runtime/launcher/clock-map.ts'
import { JobRecording } from '../../../runtime/launcher/job-recording.ts'
import type { AgentPlan } from '../../../runtime/launcher/placement.ts'
import { RECORD, TraceMemory, type TraceRecord } from '../../../runtime/trace/trace-memory.ts'
import { randomNumbers } from '../../../runtime/base/random-numbers.ts'

/** A clock that is ahead of ours and runs at another pace. */
interface Skew {
  readonly offsetMs: number
  readonly drift: number
}

const theirs = (ms: number, { offsetMs, drift }: Skew): number => ms * (1 + drift) + offsetMs

/** As many questions as the launcher asks at a time: an answer takes 0.1 to 3 ms, most of it on either way. */
function ask(nowMs: number, questions: number, skew: Skew, random: () => number, hear: ClockMap['heard']): void {
  for (let sent = nowMs, i = 0; i < questions; i++) {
    const [there, back] = [0.05 + random() ** 4 * 1.5, 0.05 + random() ** 4 * 1.5]
    hear(sent, theirs(sent + there, skew), sent + there + back)
    sent += there + back
  }
}

t.test('the offset is never more wrong than it is said to be, whatever the clock and the delays', async (t) => {
  let worst = 0
  fc.assert(
    fc.property(
      fc.integer(),
      fc.double({ min: -1e6, max: 1e9, noNaN: true }),
      fc.double({ min: -1e-4, max: 1e-4, noNaN: true }),
      fc.integer({ min: 1, max: 100 }),
      (seed, offsetMs, drift, seconds) => {
        const random = randomNumbers(seed)
        const map = new ClockMap()
        const skew = { offsetMs, drift }
        for (let second = 0; second < seconds; second++) {
          ask(second * 1000, second === 0 ? 16 : 4, skew, random, (...answer) => map.heard(...answer))
          const ms = second * 1000 + 50 + random() * 900
          const told = map.offsetAt(theirs(ms, skew))
          if (Math.abs(theirs(ms, skew) - ms - told.offsetMs) > told.errorMs + 1e-6) return false
          if (second > 5) worst = Math.max(worst, told.errorMs)
        }
        return map.summary.errorMs >= 0 && Math.abs(map.drift - drift) < 3e-4
      },
    ),
  )
  t.ok(worst < 2, `and it is known to ${worst} ms`)
})

t.test('a clock that nobody has heard of, or only once, has no drift', async (t) => {
  const map = new ClockMap()
  t.same(map.offsetAt(5), { offsetMs: 0, errorMs: Infinity })
  map.heard(0, 101, 2)
  t.equal(map.drift, 0)
  t.match(map.offsetAt(101), { offsetMs: 100, errorMs: 1 })
})

t.test('arrows between machines whose clocks drift by 100 ppm do not point back further than is said', async (t) => {
  const file = join(t.testdir({}), 'trace.json')
  const plans = ['here', 'there'].map((host, rank) => ({ host, ranks: [rank] })) as unknown as AgentPlan[]
  const recording = new JobRecording({ traceFile: file, profile: false, onError: t.threw }, plans)
  const skew = { offsetMs: 123_456, drift: 1e-4 }
  const random = randomNumbers(1)
  for (let second = 0; second < 60; second++) {
    ask(second * 1000, second === 0 ? 16 : 4, skew, random, (...answer) => recording.clock(1, ...answer))
    // To and fro: what leaves at a time is there 20 us later.
    for (const rank of [0, 1]) {
      const clock = (ms: number): number => (rank === 0 ? ms : theirs(ms, skew))
      const at = second * 1000 + 500
      const common = { call: 1, context: 0, peer: 1 - rank, tag: 0, nbytes: 8, place: 0 }
      const id = 2 * second + 1
      const sends = {
        ...common,
        kind: RECORD.SEND,
        id: id + rank,
        begun: clock(at + rank),
        ended: clock(at + rank + 0.01),
      }
      const ended = at + (1 - rank) + 0.02
      const receives = {
        ...common,
        kind: RECORD.RECEIVE,
        id: id + 1 - rank,
        begun: clock(ended - 0.01),
        ended: clock(ended),
      }
      for (const record of [sends, receives])
        recording.receive({ type: PACKET.TRACE, flags: TRACE_FLAG.RECORDS, rank, payload: bytesOf(record) })
    }
  }
  recording.finish()
  const events = JSON.parse(readFileSync(file, 'utf8')) as {
    name: string
    ph: string
    id: string
    ts: number
    args: { error_us: number; drift_ppm: number }
  }[]
  const args = events.find(({ name }) => name === 'clock')?.args
  t.ok(args !== undefined && args.error_us < 3000 && Math.abs(args.drift_ppm - 100) < 100, JSON.stringify(args))
  const sent = new Map(events.filter(({ ph }) => ph === 's').map(({ id, ts }) => [id, ts]))
  const arrivals = events.filter(({ ph }) => ph === 'f')
  t.equal(arrivals.length, 120)
  const back = Math.min(...arrivals.map(({ id, ts }) => ts - (sent.get(id) as number)))
  t.ok(back >= -(args?.error_us ?? 0), `the worst arrow points ${back} us on`)
})

function bytesOf(record: TraceRecord): Buffer {
  const memory = new TraceMemory(TraceMemory.create(4, 2), 2)
  memory.write(record)
  memory.publish()
  const all: Uint8Array[] = []
  memory.take(4, 4, (bytes) => all.push(bytes.slice()))
  return Buffer.concat(all)
}
