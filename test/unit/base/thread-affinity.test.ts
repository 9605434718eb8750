/** Which processors the calling thread runs on: what Linux answers and does. */
import t from 'tap'
import { loadThreadAffinity, processorWanted } from '../../../runtime/base/thread-affinity.ts'

const affinity = process.platform === 'linux' ? loadThreadAffinity() : undefined

t.test(
  'a thread runs where it is allowed to, at once',
  { skip: affinity === undefined && 'the calls exist on Linux with koffi only' },
  async (t) => {
    if (affinity === undefined) return
    const allowed = affinity.allowed()
    t.ok(allowed.includes(affinity.processor()))
    try {
      for (const processor of allowed) {
        affinity.allow([processor])
        t.equal(affinity.processor(), processor)
        t.strictSame(affinity.allowed(), [processor])
        t.equal(processorWanted(affinity.threadId), processor, 'as others see it')
      }
    } finally {
      affinity.allow(allowed)
    }
    t.strictSame(affinity.allowed(), allowed)
    t.equal(processorWanted(2 ** 30), undefined, 'a thread that does not exist')
  },
)
