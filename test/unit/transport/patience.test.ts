/** A rank looks for long while looks are worth it, and hardly while it has something else to do. */
import t from 'tap'
import { Patience } from '../../../runtime/transport/patience.ts'

/** How often receives look whose message does not come meanwhile, each followed by a send or by the message. */
function looksOf(patience: Patience, next: 'sends' | 'receives', receives: number): number[] {
  return Array.from({ length: receives }, () => {
    const { looks } = patience
    patience.inVain = true
    patience[next]()
    return looks
  })
}

t.test('sends instead of messages wear it out, messages bring it back', (t) => {
  const patience = new Patience(true)
  const most = patience.looks
  const fewer = looksOf(patience, 'sends', 6)
  t.strictSame(
    fewer.slice(0, 4),
    [1, 2, 4, 8].map((part) => most / part),
  )
  t.equal(patience.inVain, false)
  t.ok(patience.looks >= 100, 'and it still sees messages that come at once')
  t.equal(fewer.at(-1), patience.looks)
  t.equal(looksOf(patience, 'receives', 6).at(-1), most)
  t.equal(patience.looks, most)
  t.end()
})

t.test('ranks that share cores look once', (t) => {
  const patience = new Patience(false)
  t.strictSame([...looksOf(patience, 'sends', 2), ...looksOf(patience, 'receives', 2)], [1, 1, 1, 1])
  t.end()
})
