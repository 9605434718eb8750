/** The panel broadcasts as data: every schedule, carried out on paper, brings everything to everybody. */
import t from 'tap'
import { long, longModified } from '../../../hpl/bcast/long.ts'
import { ring1, ring1Modified, ring2, ring2Modified } from '../../../hpl/bcast/rings.ts'
import type { Round, Schedule, Transfer } from '../../../hpl/bcast/schedule.ts'

const SCHEDULES: Record<string, Schedule> = { ring1, ring1Modified, ring2, ring2Modified, long, longModified }
const LENGTHS = [1, 2, 5, 13, 29, 100]

interface Process {
  readonly rounds: readonly Round[]
  readonly has: Uint8Array
  round: number
  received: number
}

/** Lets all processes go on as far as they can, until nobody can. Returns what each one has, or what went wrong. */
function carryOut(schedule: Schedule, q: number, length: number): string[] {
  const wrong: string[] = []
  const channels = new Map<string, Transfer[]>()
  const processes = Array.from({ length: q }, (_, d): Process => {
    const has = new Uint8Array(length).fill(d === 0 ? 1 : 0)
    return { rounds: schedule(d, q, length), has, round: 0, received: 0 }
  })
  const send = ({ rounds, round, has }: Process, d: number): void => {
    for (const transfer of rounds[round]?.sends ?? []) {
      if (has.subarray(transfer.from, transfer.to).includes(0)) wrong.push(`${d} sends what it has not`)
      const channel = `${d}>${transfer.peer}`
      channels.set(channel, [...(channels.get(channel) ?? []), transfer])
    }
  }
  const step = (process: Process, d: number): boolean => {
    const round = process.rounds[process.round]
    if (round === undefined) return false
    const expected = round.receives[process.received]
    if (expected === undefined) {
      process.round++
      process.received = 0
      send(process, d)
      return true
    }
    const sent = channels.get(`${expected.peer}>${d}`)?.shift()
    if (sent === undefined) return false
    if (sent.from !== expected.from || sent.to !== expected.to) wrong.push(`${d} gets another part than it expects`)
    process.has.fill(1, expected.from, expected.to)
    process.received++
    return true
  }
  processes.forEach(send)
  while (processes.map(step).includes(true));
  processes.forEach((process, d) => {
    if (process.round < process.rounds.length) wrong.push(`${d} waits in round ${process.round} for ever`)
    if (process.has.includes(0)) wrong.push(`${d} lacks a part`)
  })
  for (const [channel, left] of channels) if (left.length > 0) wrong.push(`nobody receives on ${channel}`)
  return wrong
}

for (const [name, schedule] of Object.entries(SCHEDULES)) {
  for (let q = 2; q <= 13; q++) {
    t.test(`${name} brings payloads of ${LENGTHS.join(', ')} doubles to ${q} processes`, async (t) => {
      for (const length of LENGTHS) t.same(carryOut(schedule, q, length), [], `${length} doubles`)
    })
  }
}

/** Doubles that a process sends. */
function sent(schedule: Schedule, d: number, q: number, length: number): number {
  const sends = schedule(d, q, length).flatMap((round) => round.sends)
  return sends.reduce((sum, { from, to }) => sum + to - from, 0)
}

t.test('the owner of the next panel, process 1, sends nothing in the modified topologies', async (t) => {
  for (let q = 3; q <= 9; q++) {
    for (const schedule of [ring1Modified, ring2Modified, longModified]) t.equal(sent(schedule, 1, q, 720), 0, `q=${q}`)
  }
})

t.test('the root sends the payload as often as the topology promises', async (t) => {
  // q = 8, payload 800: once, twice, twice, three times, 2 (q-1)/q times, and once more among 7.
  t.equal(sent(ring1, 0, 8, 800), 800)
  t.equal(sent(ring1Modified, 0, 8, 800), 1600)
  t.equal(sent(ring2, 0, 8, 800), 1600)
  t.equal(sent(ring2Modified, 0, 8, 800), 2400)
  t.equal(sent(long, 0, 8, 800), 1400)
  t.equal(sent(longModified, 0, 8, 700), 700 + 1200)
})
