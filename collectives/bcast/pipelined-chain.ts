/**
 * Pipelined chain broadcast: the data passes from rank to rank in segments, each forwarded as soon as it is there.
 * Cost: (p - 2 + s) * (alpha + n / s * beta) with s segments; for long data n * beta. Restrictions: none.
 *
 * A link carries every segment once, so no schedule moves the data in less than n * beta; the p - 2 further segment
 * times fill the pipe. Segments arrive in order because messages of one pair do not overtake.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import type { Operation } from '../../runtime/engine/operation.ts'
import { block } from '../blocks.ts'

/** Long enough that alpha (some 50 us on a network of 1 Gbit/s) is small against the segment's time (1 ms). */
const SEGMENT_NBYTES = 128 * 1024

/** @param data the root's elements; on the other ranks, room for as many */
export function* bcastPipelinedChain(channel: Channel, data: TypedArray, root: number): Steps {
  const { rank, size } = channel
  const length = SEGMENT_NBYTES / data.BYTES_PER_ELEMENT
  const segments = channel.segments(data, length)
  const first = rank === root
  const last = (rank + 1) % size === root
  const expect = (index: number): Operation => channel.irecv(block(data, index, length), (rank - 1 + size) % size)

  const sends: Operation[] = []
  let next = first ? undefined : expect(0)
  for (let index = 0; index < segments; index++) {
    const receive = next
    // The receive after this one is posted before we wait, so that its segment never waits for us.
    next = first || index + 1 === segments ? undefined : expect(index + 1)
    if (receive !== undefined) yield receive
    if (!last) sends.push(channel.isend(block(data, index, length), (rank + 1) % size))
  }
  yield* channel.settleAll(sends)
}
