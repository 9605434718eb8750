/**
 * Messages that came to a rank when its main function had returned: its thread has ended, and they lie in its rings. The agent
 * tells of them, so that a message that nobody receives is told whenever it comes. Call when all threads of the host have ended.
 */
import { commName } from '../base/contexts.ts'
import { ELEMENT_TYPES, type ElementType } from '../base/element-type.ts'
import type { LateMessages } from '../diagnosis/picture.ts'
import { unreceivedPictures, type UnreceivedMessage } from '../diagnosis/unreceived.ts'
import { RING_CAPACITY, ringOffset, type HostHeapLayout } from '../transport/host-heap.ts'
import { ringPositions, RingReader, type Places } from '../transport/ring.ts'
import { FRAME, Frame } from '../transport/transport.ts'

const WORLD = 0
/** Only headers are read. */
const NO_PLACES = {} as Places

/** What has come to the rank of a seat, in a job of `worldSize` ranks; undefined if nothing has. */
export function lateMessages(
  { memory, ranks }: HostHeapLayout,
  seat: number,
  worldSize: number,
): LateMessages | undefined {
  const found: UnreceivedMessage[] = []
  const frame = new Frame()
  for (let writer = 0; writer <= ranks; writer++) {
    const ring = ringOffset(ranks, writer, seat)
    const { written, read } = ringPositions(memory, ring)
    if (written === read) continue
    const reader = new RingReader(memory, ring, RING_CAPACITY, NO_PLACES)
    for (reader.resume(); reader.ready; reader.advance()) {
      reader.peek(frame)
      if (frame.kind === FRAME.EAGER || frame.kind === FRAME.RTS) found.push(messageOf(frame))
    }
  }
  if (found.length === 0) return undefined
  const pictures = unreceivedPictures(found)
  const contexts = new Set(pictures.unreceived.map(({ context }) => context))
  const named = (context: number): LateMessages['communicators'][number] => ({
    context,
    name: commName(context),
    members: context === WORLD ? [[0, worldSize - 1]] : [],
    calls: 0,
    place: undefined,
  })
  return { ...pictures, communicators: [...contexts].map(named) }
}

function messageOf({ context, source, tag, nbytes, elementType, aux }: Frame): UnreceivedMessage {
  return {
    context,
    source,
    tag,
    nbytes,
    elementType: ELEMENT_TYPES[elementType] as ElementType,
    signature: aux,
    matched: false,
  }
}
