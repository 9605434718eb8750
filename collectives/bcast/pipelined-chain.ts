/**
 * Pipelined chain broadcast: the data passes from rank to rank in segments (chain.ts).
 * Cost: (p - 2 + s) * (alpha + n / s * beta) with s segments; for long data n * beta. Restrictions: none.
 *
 * A link carries every segment once, so no schedule moves the data in less than n * beta; the p - 2 further segment
 * times fill the pipe.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { passAlong } from '../chain.ts'

/** @param data the root's elements; on the other ranks, room for as many */
export function bcastPipelinedChain(channel: Channel, data: TypedArray, root: number): Steps {
  const { rank, size } = channel
  const next = (rank + 1) % size
  return passAlong(channel, {
    from: rank === root ? undefined : (rank - 1 + size) % size,
    incoming: data,
    to: next === root ? undefined : next,
    outgoing: data,
  })
}
