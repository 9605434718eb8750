/** What is kept of the latest collective calls of a rank. */
import t from 'tap'
import { CALLS_KEPT, LatestCalls } from '../../../runtime/engine/latest-calls.ts'

t.test('a call is known by its number until as many as are kept have followed', async (t) => {
  const calls = new LatestCalls()
  t.equal(calls.signatureOf(0), undefined)
  for (let number = 0; number <= CALLS_KEPT; number++) calls.note(number, 7 + number)
  t.equal(calls.signatureOf(0), undefined)
  t.equal(calls.signatureOf(1), 8)
  t.equal(calls.signatureOf(CALLS_KEPT), 7 + CALLS_KEPT)
  t.equal(calls.signatureOf(CALLS_KEPT + 1), undefined)
})

t.test('calls move with what is known of them, and others read them there', async (t) => {
  const calls = new LatestCalls()
  const words = new Int32Array(64)
  for (let number = 300; number < 310; number++) calls.note(number, number)
  calls.moveTo(words)
  calls.note(310, 310)
  const seen = new LatestCalls(words)
  t.same(
    [299, 300, 309, 310, 311].map((number) => seen.signatureOf(number)),
    [undefined, 300, 309, 310, undefined],
  )
})

t.test('the first call that differs is found among those that both have made', async (t) => {
  const [own, theirs] = [new LatestCalls(), new LatestCalls()]
  for (let number = 0; number < 100; number++) own.note(number, 1)
  for (let number = 0; number < 1000; number++) theirs.note(number, 1)
  t.equal(own.firstDifference(theirs, 99), undefined, 'too long ago')
  for (let number = 100; number < 900; number++) own.note(number, number === 800 || number === 850 ? 2 : 1)
  t.equal(own.firstDifference(theirs, 899), 800)
  t.equal(own.firstDifference(theirs, 799), undefined)
})
