/** A rendezvous message on its way in. */
import t from 'tap'
import { InboundMessage } from '../../../runtime/agent/inbound-message.ts'
import { makeFrame } from '../../../runtime/agent/wire-format.ts'
import { FRAME } from '../../../runtime/transport/transport.ts'

for (const before of [0, 1, 2])
  t.test(
    `bytes arrive where the rank wants them, though the library uses its buffer again: ${before} pieces early`,
    async (t) => {
      const message = new InboundMessage(makeFrame(FRAME.RTS, { source: 1, dest: 0, id: 3, nbytes: 6 }), false)
      const landing = new Uint8Array(new SharedArrayBuffer(6))
      const library = Buffer.alloc(3)
      for (const [piece, bytes] of [
        [1, 2, 3],
        [4, 5, 6],
      ].entries()) {
        if (piece === before) message.land(landing, 7)
        library.set(bytes)
        message.receive(library)
        library.fill(0)
      }
      if (before === 2) message.land(landing, 7)
      t.same([...landing], [1, 2, 3, 4, 5, 6])
      t.ok(message.complete)
    },
  )
