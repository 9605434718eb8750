/** A rank looks for long while looks are worth it, and hardly while it has something else to do. */
import t from 'tap'
import { Patience } from '../../../runtime/transport/patience.ts'

/** Looks at what is never ready; how often. */
function looks(patience: Patience): number {
  let count = 0
  const seen = patience.sees({
    get ready() {
      count++
      return false
    },
  })
  return seen ? NaN : count
}

/** How often receives look whose message does not come meanwhile, each followed by a send or by the message. */
function looksOf(patience: Patience, next: 'sends' | 'receives', receives: number): number[] {
  return Array.from({ length: receives }, () => {
    const count = looks(patience)
    patience[next]()
    return count
  })
}

t.test('sends instead of messages wear it out, messages bring it back', (t) => {
  const patience = new Patience(true)
  const fewer = looksOf(patience, 'sends', 6)
  const most = fewer[0] as number
  t.strictSame(
    fewer.slice(0, 4),
    [1, 2, 4, 8].map((part) => most / part),
  )
  const least = looks(patience)
  t.ok(least >= 100, 'and it still sees messages that come at once')
  t.equal(fewer.at(-1), least)
  t.equal(looksOf(patience, 'receives', 6).at(-1), most)
  t.equal(looks(patience), most)
  t.end()
})

t.test('what has been seen, and sends and messages after it, change nothing', (t) => {
  const patience = new Patience(true)
  const most = looks(patience)
  patience.sends()
  for (const next of ['sends', 'receives', 'sends'] as const) {
    t.equal(patience.sees({ ready: true }), true)
    patience[next]()
  }
  t.equal(looks(patience), most / 2)
  t.end()
})

t.test('ranks that share cores look once', (t) => {
  const patience = new Patience(false)
  t.strictSame([...looksOf(patience, 'sends', 2), ...looksOf(patience, 'receives', 2)], [1, 1, 1, 1])
  t.end()
})
