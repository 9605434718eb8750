/** Messages that are taken in before somebody asks for them. */
import fc from 'fast-check'
import t from 'tap'
import { InboundMessage } from '../../../runtime/agent/inbound-message.ts'
import { Prefetch } from '../../../runtime/agent/prefetch.ts'
import { makeFrame } from '../../../runtime/agent/wire-format.ts'
import { FRAME } from '../../../runtime/transport/transport.ts'

const OVERHEAD = 512

function messages(sizes: readonly number[], mostBlocks = Infinity): InboundMessage[] {
  let blocks = 0
  const memory = {
    allocDirty: (nbytes: number) => {
      if (blocks === mostBlocks) throw new Error('full')
      blocks++
      return new Uint8Array(nbytes)
    },
    free: () => void blocks--,
  }
  return sizes.map((nbytes, id) => new InboundMessage(makeFrame(FRAME.RTS, { source: 1, id, nbytes }), false, memory))
}

t.test('messages are asked for in their order, as room comes free', async (t) => {
  const asked: number[] = []
  const prefetch = new Prefetch(2 * (OVERHEAD + 100), ({ id }) => asked.push(id))
  const all = messages([100, 100, 100, 50, 100])
  for (const message of all) prefetch.announce(message)
  t.same(asked, [0, 1])
  prefetch.release(all[2] as InboundMessage)
  t.same(asked, [0, 1], 'the rank has asked for this one itself')
  prefetch.release(all[0] as InboundMessage)
  t.same(asked, [0, 1, 3])
  prefetch.release(all[1] as InboundMessage)
  t.same(asked, [0, 1, 3, 4])
})

t.test('where the host has no memory left, messages wait until some comes free', async (t) => {
  const asked: number[] = []
  const prefetch = new Prefetch(1e6, ({ id }) => asked.push(id))
  const all = messages([10, 10, 10], 1)
  for (const message of all) prefetch.announce(message)
  t.same(asked, [0])
  all[0]?.release()
  prefetch.release(all[0] as InboundMessage)
  t.same(asked, [0, 1])
})

t.test('whatever comes and goes, the limit holds and nothing is asked for twice or forgotten', async () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 3000 }), fc.nat({ max: 9 })), { maxLength: 60 }), (steps) => {
      const limit = 4000
      const all = messages(steps.map(([nbytes]) => nbytes))
      const asked = new Set<InboundMessage>()
      const open = new Set<InboundMessage>()
      const prefetch = new Prefetch(limit, (message) => {
        if (asked.has(message) || !open.has(message)) throw new Error('asked for twice, or for what is gone')
        asked.add(message)
      })
      const heldBytes = (): number =>
        [...open].filter((message) => asked.has(message)).reduce((sum, { nbytes }) => sum + nbytes + OVERHEAD, 0)
      const leave = (message: InboundMessage): void => {
        open.delete(message)
        prefetch.release(message)
      }
      for (const [index, message] of all.entries()) {
        open.add(message)
        prefetch.announce(message)
        if (heldBytes() > limit) return false
        const leaving = [...open][(steps[index] as [number, number])[1]]
        if (leaving !== undefined) leave(leaving)
        if (heldBytes() > limit) return false
      }
      // In the end each is asked for or is gone.
      for (const message of [...open].filter((one) => asked.has(one))) leave(message)
      for (let n = open.size; n > 0; n--)
        for (const message of [...open].filter((one) => asked.has(one))) leave(message)
      return open.size === 0
    }),
  )
})
