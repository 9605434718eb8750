/** How many records are saved in each period: all of a rank that can be written, a sample of one that is too quick. */
import fc from 'fast-check'
import t from 'tap'
import { CAPACITY, SavingRate } from '../../../runtime/trace/saving-rate.ts'

/** Saves what a rank makes in each period, a record a call, as an agent does. @returns what was saved in each */
function save(made: readonly number[]): number[] {
  const rate = new SavingRate()
  let [calls, kept] = [0, 0]
  return made.map((count) => {
    calls += count
    kept = Math.min(kept + count, CAPACITY)
    const taken = Math.min(kept, rate.next(calls))
    rate.saved(taken)
    kept -= taken
    return taken
  })
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)

t.test('a rank of up to a thousand calls a period is saved as a whole, and a burst now and then too', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 60 }), (made) => sum(save(made)) === sum(made)),
  )
  t.same(save([CAPACITY, 0, 0]), [CAPACITY, 0, 0])
  const rests = Array<number>(8).fill(0)
  t.same(
    save([CAPACITY, ...rests, CAPACITY]),
    [CAPACITY, ...rests, CAPACITY],
    'what was not used is there for the next burst',
  )
})

t.test('of a burst that is longer than what is kept, the rest follows as soon as it may', async (t) => {
  t.same(save([CAPACITY, 3000, 0, 0, 0]), [CAPACITY, 1000, 1000, 1000, 0])
})

t.test('a rank that is too quick to be shown is sampled, and saved as before when it is not any more', async (t) => {
  const flood = Array<number>(30).fill(300_000)
  const saved = save([...flood, 0, 0, ...Array<number>(20).fill(500)])
  t.equal(saved[0], CAPACITY, 'its beginning is there')
  t.same(new Set(saved.slice(1, 30)), new Set([200]))
  t.same(saved.slice(30, 32), [1000, 1000])
  t.same(saved.slice(-5), [500, 500, 500, 500, 500])
})

t.test('no period saves more than a rank keeps, whatever it does', async () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20_000), { maxLength: 60 }), (made) => save(made).every((taken) => taken <= CAPACITY)),
  )
})
