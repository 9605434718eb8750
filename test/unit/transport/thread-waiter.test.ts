/** What a rank does while it waits and others need its core. */
import t from 'tap'
import type { Doorbell } from '../../../runtime/transport/doorbell.ts'
import type { OwnProcessor } from '../../../runtime/transport/own-processor.ts'
import { Stillness } from '../../../runtime/transport/stillness.ts'
import { createHostHeap } from '../../../runtime/transport/host-heap.ts'
import { ThreadWaiter } from '../../../runtime/transport/thread-waiter.ts'

/** Waits in vain before a rank loads what it gives its core away with. */
const IN_VAIN = 300
/** Looks before the next message is there: in vain for the look of a turn, not for long. */
const LOOKS = 12
const STEPS = 20

t.test('a wait of many steps gives its core to others between them, and neither sleeps nor moves', async (t) => {
  const done = { slept: 0, sought: 0 }
  const nothing = (): void => undefined
  const doorbell = { lieDown: nothing, getUp: nothing, sleep: () => done.slept++ } as unknown as Doorbell
  const ownProcessor = { seek: () => done.sought++ } as unknown as OwnProcessor
  const vigil = {
    stillness: new Stillness(createHostHeap(1, 0.01).memory, 0),
    frameReady: () => false,
    onlyMessagesWake: () => false,
  }

  let [looks, came] = [0, 0]
  const { promise, resolve } = withResolver()
  const progress = (): number => {
    if (++looks % LOOKS !== 0) return 0
    if (++came === STEPS) {
      waiter.setWaiting(false)
      resolve()
    }
    return 1
  }
  const waiter = new ThreadWaiter(progress, doorbell, vigil, ownProcessor, () => false)
  for (let i = 0; i < IN_VAIN; i++) waiter.linger(() => false)
  waiter.setWaiting(true)
  await promise
  t.same(done, { slept: 0, sought: 0 })
})

function withResolver(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((settle) => (resolve = settle))
  return { promise, resolve }
}
