/**
 * Pipelined chain scan: segments of the vector pass from rank to rank (chain.ts), each rank adding its own elements to them.
 * Cost: (p - 2 + s) * (alpha + n / s * (beta + gamma)) with s segments; for long vectors n * (beta + gamma). Restrictions:
 * elementwise operations.
 *
 * A link carries every segment once, where recursive doubling sends the whole vector in each of its log2 p rounds, and in
 * both directions.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { copyElements } from '../blocks.ts'
import { passAlong } from '../chain.ts'
import type { Op } from '../op.ts'
import type { ScanKind } from '../power-of-two.ts'

/** @param data the rank's elements; at the end, the reduction over the ranks up to it; unchanged on rank 0 */
export function* scanPipelinedChain(channel: Channel, data: TypedArray, op: Op, kind: ScanKind): Steps {
  const { rank, size } = channel
  const first = rank === 0
  const last = rank === size - 1
  const exclusive = kind === 'exclusive'
  // What comes is the exclusive scan; combined with the rank's elements it is the inclusive one, which goes on.
  const incoming = first || exclusive ? data : channel.scratch(data, data.length)
  const outgoing = exclusive && !first && !last ? channel.scratch(data, data.length) : data
  if (outgoing !== data) copyElements(outgoing, data)
  const link = { from: first ? undefined : rank - 1, incoming, to: last ? undefined : rank + 1, outgoing }
  yield* passAlong(channel, link, op.unit, (below, own) => {
    // No operation of the program's shall meet an empty segment; the last rank of an exclusive scan has nothing to combine.
    if (own.length > 0 && !(last && exclusive)) op.apply(below, own)
  })
}
