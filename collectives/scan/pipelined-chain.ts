/**
 * Pipelined chain scan: segments of the vector pass from rank to rank, each rank adding its own elements to them.
 * Cost: (p - 2 + s) * (alpha + n / s * (beta + gamma)) with s segments; for long vectors n * (beta + gamma). Restrictions:
 * elementwise operations.
 *
 * A link carries every segment once, where recursive doubling sends the whole vector in each of its log2 p rounds, and in
 * both directions.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import type { Operation } from '../../runtime/engine/operation.ts'
import { block, blockLength, copyElements } from '../blocks.ts'
import type { Op } from '../op.ts'
import type { ScanKind } from '../power-of-two.ts'

/** Long enough that alpha (some 50 us on a network of 1 Gbit/s) is small against the segment's time (1 ms). */
const SEGMENT_NBYTES = 128 * 1024

/** @param data the rank's elements; at the end, the reduction over the ranks up to it; unchanged on rank 0 */
export function* scanPipelinedChain(channel: Channel, data: TypedArray, op: Op, kind: ScanKind): Steps {
  const { rank, size } = channel
  const length = blockLength(SEGMENT_NBYTES / data.BYTES_PER_ELEMENT, 1, op.unit)
  const segments = channel.segments(data, length)
  const first = rank === 0
  const last = rank === size - 1
  // What comes is the exclusive scan; combined with the rank's elements it is the inclusive one, which goes on.
  const below = first || kind === 'exclusive' ? data : channel.scratch(data, data.length)
  const onward = first || last || kind === 'inclusive' ? data : channel.scratch(data, data.length)
  if (onward !== data) copyElements(onward, data)
  const expect = (index: number): Operation => channel.irecv(block(below, index, length), rank - 1)

  const sends: Operation[] = []
  let next = first ? undefined : expect(0)
  for (let index = 0; index < segments; index++) {
    const receive = next
    // The receive after this one is posted before we wait, so that its segment never waits for us.
    next = first || index + 1 === segments ? undefined : expect(index + 1)
    const segment = block(onward, index, length)
    if (receive !== undefined) {
      yield receive
      // No operation of the program's shall meet an empty segment.
      const goesOn = segment.length > 0 && (!last || kind === 'inclusive')
      if (goesOn) op.apply(block(below, index, length), segment)
    }
    if (!last) sends.push(channel.isend(segment, rank + 1))
  }
  yield* channel.settleAll(sends)
}
