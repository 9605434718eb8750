/** The shared memory of a host: where its parts lie. */
import t from 'tap'
import { nativeMemory } from '../../../runtime/base/native-calls.ts'
import { createHostHeap, HeapAllocator, ringOffset, seatOffset } from '../../../runtime/transport/host-heap.ts'

const { memory, ranks } = createHostHeap(3, 0.01)
const native = process.platform === 'linux' ? nativeMemory() : undefined

t.test(
  'seats, rings and memory of alloc begin on cache lines',
  { skip: native === undefined && 'addresses can be asked for on Linux with koffi only' },
  async (t) => {
    const addressAt = (byteOffset: number): number => native?.addressOf({ buffer: memory, byteOffset }) as number
    for (const seat of [0, 1, ranks]) t.equal(addressAt(seatOffset(seat)) % 64, 0, `seat ${seat}`)
    t.equal(addressAt(ringOffset(ranks, 1, 2)) % 64, 0)
    const allocator = new HeapAllocator(memory)
    for (const nbytes of [1, 100, 2 ** 21]) t.equal(addressAt(allocator.alloc(nbytes).byteOffset) % 64, 0)
  },
)

t.test('memory of alloc lies behind the rings', async (t) => {
  const lastRing = ringOffset(ranks, ranks, ranks - 1)
  t.ok(new HeapAllocator(memory).alloc(1).byteOffset > lastRing)
})
