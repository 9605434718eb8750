/** The pace of a slower host: sleeps follow computing, with a clock that the test turns. */
import fc from 'fast-check'
import t from 'tap'
import { threadClock } from '../../../runtime/base/cpu-clock.ts'
import { Pace, type PaceClock } from '../../../runtime/transport/paced-shm.ts'

/** Time passes when the thread computes, and when it sleeps, a little longer than asked for. */
class Clock implements PaceClock {
  cpu = 0
  time = 0
  slept = 0
  readonly computed = (): number => this.cpu
  readonly now = (): number => this.time
  readonly sleep = (ms: number): void => {
    this.slept += ms + 0.05
    this.time += ms + 0.05
  }
  compute(ms: number): void {
    this.cpu += ms
    this.time += ms
  }
}

t.test('sleeps add up to (1 / pace - 1) times what was computed, within a millisecond', async () => {
  const spans = fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(fc.double({ min: 0.05, max: 1, noNaN: true }), spans, (part, list) => {
      const clock = new Clock()
      const pace = new Pace(part, clock)
      for (const ms of list) {
        clock.compute(ms)
        pace.settle()
      }
      return Math.abs(clock.slept - clock.cpu * (1 / part - 1)) <= 1
    }),
  )
})

t.test('what is forgotten, and spans too short to be computing, are not stretched', async (t) => {
  const clock = new Clock()
  const pace = new Pace(0.5, clock)
  clock.compute(100)
  pace.forget()
  pace.settle()
  t.equal(clock.slept, 0)
  clock.compute(0.9)
  pace.settle(1)
  t.equal(clock.slept, 0)
  clock.compute(2)
  pace.settle(1)
  t.ok(Math.abs(clock.slept - 2) < 0.1, `${clock.slept} ms`)
})

t.test('at full pace nothing sleeps', async (t) => {
  const clock = new Clock()
  const pace = new Pace(1, clock)
  for (let i = 0; i < 10; i++) {
    clock.compute(50)
    pace.settle()
  }
  t.equal(clock.slept, 0)
})

t.test('the processor time of a thread goes on while it computes, and not while it sleeps', async (t) => {
  const computed = threadClock()
  const begun = computed()
  while (computed() - begun < 20);
  const word = new Int32Array(new SharedArrayBuffer(4))
  const before = computed()
  Atomics.wait(word, 0, 0, 200)
  t.ok(computed() - before < 100, `${computed() - before} ms of 200`)
})
