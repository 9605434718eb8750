/** Numbers of the messages of a link: each is taken once, in order, and none after one that is missing. */
import fc from 'fast-check'
import t from 'tap'
import { FrameOrder } from '../../../runtime/transport/frame-order.ts'

/** What a receiver does. */
function takes(order: FrameOrder, peer: number, number: number): number {
  const missing = order.missing(peer, number)
  if (missing === 0) order.take(peer)
  return missing
}

t.test('whatever comes, what is taken is the beginning of what was sent', async () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 12 })), (arrivals) => {
      const order = new FrameOrder(2)
      const taken = arrivals.filter((number) => takes(order, 1, number) === 0)
      return taken.every((number, index) => number === index)
    }),
  )
})

t.test('missing() tells messages that came before from those that come too soon', async (t) => {
  const order = new FrameOrder(2)
  t.same([order.number(0), order.number(1), order.number(1)], [0, 0, 1], 'links are numbered each for itself')
  t.same(
    [0, 0, 3, 1, 3, 2, 1].map((number) => takes(order, 1, number)),
    [0, -1, 2, 0, 1, 0, -2],
  )
})

t.test('numbers are compared modulo 2^32', async (t) => {
  const order = new FrameOrder(1)
  order.take(0)
  t.equal(order.missing(0, 2 ** 32 - 1), -2, 'two before the one that is due')
})
