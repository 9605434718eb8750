/**
 * Chains of ranks along which a vector passes in segments, each forwarded as soon as it is there: what broadcasts and scans
 * of long vectors have in common. Segments arrive in order because messages of one pair do not overtake.
 */
import type { TypedArray } from '../runtime/base/element-type.ts'
import type { Channel, Steps } from '../runtime/comm/channel.ts'
import type { Operation } from '../runtime/engine/operation.ts'
import { block, blockLength } from './blocks.ts'

/** Long enough that alpha (some 50 us on a network of 1 Gbit/s) is small against the segment's time (1 ms). */
const SEGMENT_NBYTES = 128 * 1024

/** A rank's place in a chain. The arrays have the same length; they may be one. */
export interface ChainLink {
  /** Who passes segments to this rank, and where they go; undefined on the first. */
  readonly from: number | undefined
  readonly incoming: TypedArray
  /** Whom this rank passes segments to, and which; undefined on the last. */
  readonly to: number | undefined
  readonly outgoing: TypedArray
}

/**
 * Takes and passes on all segments, of whole groups of `unit` elements.
 *
 * @param unit elements that belong together; a finite number
 * @param arrived called with each segment that has come, and the one that goes on next in its place
 */
export function* passAlong(
  channel: Channel,
  { from, incoming, to, outgoing }: ChainLink,
  unit = 1,
  arrived?: (incoming: TypedArray, outgoing: TypedArray) => void,
): Steps {
  const length = blockLength(SEGMENT_NBYTES / incoming.BYTES_PER_ELEMENT, 1, unit)
  const count = channel.segments(incoming, length)
  const expect = (index: number): Operation | undefined =>
    from === undefined || index === count ? undefined : channel.irecv(block(incoming, index, length), from)

  const sends: Operation[] = []
  let next = expect(0)
  for (let index = 0; index < count; index++) {
    const receive = next
    // The receive after this one is posted before we wait, so that its segment never waits for us.
    next = expect(index + 1)
    const segment = block(outgoing, index, length)
    if (receive !== undefined) {
      yield receive
      arrived?.(block(incoming, index, length), segment)
    }
    if (to !== undefined) sends.push(channel.isend(segment, to))
  }
  yield* channel.settleAll(sends)
}
