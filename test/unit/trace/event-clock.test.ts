/** Times of events: never back, never far behind the clock, and exact wherever a reading is asked for. */
import fc from 'fast-check'
import t from 'tap'
import { machineMs } from '../../../runtime/base/machine-clock.ts'
import { EventClock } from '../../../runtime/trace/event-clock.ts'

/** Asks for so many times in quick succession. @returns how many of them were read */
function hurry(clock: EventClock, times: number, readings: () => number): number {
  const before = readings()
  for (let i = 0; i < times; i++) clock.now()
  return readings() - before
}

function open() {
  const passed: number[] = []
  return { clock: new EventClock((ms) => void passed.push(ms)), passed, readings: () => passed.length }
}

t.test('times never go back, whichever are read, and stay with the clock', (t) => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('now', 'read', 'rest'), { maxLength: 300 }), (steps) => {
      const { clock } = open()
      let latest = clock.read()
      for (const step of steps) {
        for (const end = performance.now() + 0.02; step === 'rest' && performance.now() < end;);
        const time = step === 'read' ? clock.read() : clock.now()
        t.ok(time >= latest)
        t.equal(clock.latest, time)
        latest = time
      }
      t.ok(latest <= machineMs() + 1)
    }),
    { numRuns: 50 },
  )
  t.end()
})

t.test('events in a long hurry share readings, the first ones do not', (t) => {
  const { clock, readings } = open()
  t.equal(hurry(clock, 10, readings), 10)
  // A machine that takes the core away ends a hurry: many tries, of which some are left alone.
  const shared = Array.from({ length: 100 }, () => hurry(clock, 320, readings))
  t.ok(Math.min(...shared) <= 320 / 4, `readings of 320 events: ${Math.min(...shared)}`)
  t.end()
})

t.test('a reading in between is exact, and what follows begins from it', (t) => {
  const { clock, readings } = open()
  hurry(clock, 1000, readings)
  for (const end = performance.now() + 5; performance.now() < end;);
  const before = machineMs()
  const time = clock.read()
  t.ok(time >= before - 0.1 && time <= machineMs() + 0.1)
  t.notOk(clock.isEstimating, 'the pause has ended the hurry')
  t.end()
})
