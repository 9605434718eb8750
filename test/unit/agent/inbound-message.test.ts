/** A rendezvous message on its way in. */
import t from 'tap'
import { InboundMessage } from '../../../runtime/agent/inbound-message.ts'
import { makeFrame } from '../../../runtime/agent/wire-format.ts'
import {
  copyToAddress,
  nativeMemory,
  type AddressedBytes,
  type NativeMemory,
} from '../../../runtime/base/native-calls.ts'
import type { Region } from '../../../runtime/base/region.ts'
import { FRAME } from '../../../runtime/transport/transport.ts'

/** Memory that knows what it has given. */
class Memory {
  readonly taken = new Set<Region>()

  allocDirty(nbytes: number): Region {
    const region = new Uint8Array(new SharedArrayBuffer(nbytes)).fill(99)
    this.taken.add(region)
    return region
  }

  free(region: Region): void {
    if (!this.taken.delete(region)) throw new Error('freed twice')
  }
}

function message(nbytes: number): { message: InboundMessage; memory: Memory } {
  const memory = new Memory()
  return {
    memory,
    message: new InboundMessage(makeFrame(FRAME.RTS, { source: 1, dest: 0, id: 3, nbytes }), false, memory),
  }
}

const PIECES = [
  [1, 2, 3],
  [4, 5, 6],
]

for (const before of [0, 1, 2])
  for (const inPlace of [false, true])
    t.test(
      `bytes arrive where the rank wants them: ${before} pieces early, ${inPlace ? 'received in place' : 'the library uses its buffer again'}`,
      async (t) => {
        const { message: inbound, memory } = message(6)
        t.ok(inbound.makeRoom())
        const landing = new Uint8Array(new SharedArrayBuffer(6))
        const library = Buffer.alloc(3)
        for (const [piece, bytes] of PIECES.entries()) {
          if (piece === before) inbound.land(landing, 7)
          const room = (inPlace ? inbound.room(3) : library) as Uint8Array
          room.set(bytes)
          inbound.receive(room)
          library.fill(0)
        }
        if (before === 2) inbound.land(landing, 7)
        t.same([...landing], [1, 2, 3, 4, 5, 6])
        t.ok(inbound.complete)
        t.equal(memory.taken.size, 0)
      },
    )

const native = nativeMemory()

for (const before of [0, 1, 2])
  for (const inPlace of [false, true])
    t.test(
      `bytes arrive at the address that the rank names: ${before} pieces early, ${inPlace ? 'received in place' : 'in a buffer'}`,
      { skip: native === undefined && 'no koffi' },
      async (t) => {
        const { message: inbound, memory } = message(6)
        t.ok(inbound.makeRoom())
        const landing = new Uint8Array(8)
        const address = (native as NativeMemory).addressOf(landing) + 1
        for (const [piece, bytes] of PIECES.entries()) {
          if (piece === before) inbound.land({ address, length: 6 }, 7)
          const room = inPlace ? inbound.room(3) : undefined
          if (room === undefined) inbound.receive(Uint8Array.from(bytes))
          else inbound.receive(putAt(room, bytes))
        }
        if (before === 2) inbound.land({ address, length: 6 }, 7)
        t.equal(inbound.room(3), undefined)
        t.same([...landing], [0, 1, 2, 3, 4, 5, 6, 0])
        t.equal(memory.taken.size, 0)
      },
    )

/** Puts bytes where they belong, as a socket does; what it tells of them then. */
function putAt(room: Uint8Array | AddressedBytes, bytes: readonly number[]): Uint8Array {
  if ('buffer' in room) room.set(bytes)
  else copyToAddress(room.address, Uint8Array.from(bytes))
  return 'buffer' in room ? room : new Uint8Array(room.length)
}

t.test('a rank reads early bytes where they lie, and then they are given back', async (t) => {
  const { message: inbound, memory } = message(6)
  inbound.makeRoom()
  for (const bytes of PIECES) inbound.receive(Uint8Array.from(bytes))
  t.same([...(inbound.ahead as Uint8Array)], [1, 2, 3, 4, 5, 6])
  inbound.release()
  t.equal(memory.taken.size, 0)
})

t.test('bytes of a message that will not be taken go nowhere', async (t) => {
  const { message: inbound, memory } = message(6)
  inbound.makeRoom()
  inbound.release()
  for (const bytes of PIECES) inbound.receive(Uint8Array.from(bytes))
  t.ok(inbound.complete)
  t.equal(memory.taken.size, 0)
})

t.test('more bytes than the message has are an error', async (t) => {
  const { message: inbound } = message(5)
  inbound.makeRoom()
  inbound.receive(Uint8Array.of(1, 2, 3))
  t.equal(inbound.room(3)?.length, 2)
  t.throws(() => inbound.receive(Uint8Array.of(4, 5, 6)), /sent 6 bytes of a message of 5 \(rank 1 to rank 0\)/)
})

t.test('no memory left is no error', async (t) => {
  const full = {
    allocDirty: () => {
      throw new Error('full')
    },
    free: () => undefined,
  }
  const frame = makeFrame(FRAME.RTS, { source: 1, dest: 0, id: 3, nbytes: 6 })
  t.notOk(new InboundMessage(frame, false, full).makeRoom())
})
