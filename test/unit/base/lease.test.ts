/** Leases: silence is counted in time that this process was running, whatever the clock did meanwhile. */
import fc from 'fast-check'
import t from 'tap'
import { BEAT_MS, Lease, LEASE_MS } from '../../../runtime/base/lease.ts'

/** Looks at the given times after 0; returns the time at which the lease was over, if it was. */
function firstOver(lease: Lease, times: readonly number[]): number | undefined {
  return times.find((now) => lease.look(now))
}

const every = (stepMs: number, untilMs: number, fromMs = 0): number[] =>
  Array.from({ length: Math.floor((untilMs - fromMs) / stepMs) }, (_, i) => fromMs + (i + 1) * stepMs)

t.test('a lease ends when the other side has been silent for its length, and not a beat later', async (t) => {
  t.equal(firstOver(new Lease(0), every(BEAT_MS, 60_000)), LEASE_MS)
  t.equal(firstOver(new Lease(7000), every(BEAT_MS, 60_000, 7000)), 7000 + LEASE_MS)
})

t.test('a lease never ends while the other side is heard of more often than it is long', async () => {
  // A look counts up to two beats, of which one may lie before the last word.
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: LEASE_MS - BEAT_MS - 1 }), { maxLength: 50 }), (silences) => {
      const lease = new Lease(0)
      let now = 0
      return silences.every((silence) => {
        const alive = firstOver(lease, every(BEAT_MS, now + silence, now)) === undefined
        now += silence
        lease.heard()
        return alive
      })
    }),
  )
})

t.test('a lease survives a pause of any length, and is over at its due time of running afterwards', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: LEASE_MS - 2 * BEAT_MS - 1 }),
      fc.integer({ min: 1, max: 86_400_000 }),
      (silentMs, pauseMs) => {
        const lease = new Lease(0)
        const before = every(BEAT_MS, silentMs)
        const woken = (before.at(-1) ?? 0) + pauseMs
        const over = firstOver(lease, [...before, woken, ...every(BEAT_MS, woken + LEASE_MS, woken)])
        // Of the pause at most two beats count, so that less than the lease is left and at least a look.
        return over !== undefined && over > woken && over <= woken + LEASE_MS - before.length * BEAT_MS
      },
    ),
  )
})

t.test(
  'a lease ends only after its length of running time without a word, in any order of looks and words',
  async () => {
    const event = fc.record({ afterMs: fc.integer({ min: 0, max: 20_000 }), heard: fc.boolean() })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const lease = new Lease(0)
        let now = 0
        let running = 0
        return events.every(({ afterMs, heard }) => {
          if (heard) {
            running = 0
            lease.heard()
          }
          now += afterMs
          running += Math.min(afterMs, 2 * BEAT_MS)
          return lease.look(now) === running >= LEASE_MS
        })
      }),
    )
  },
)
