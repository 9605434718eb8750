/**
 * Allreduce through the shared heap: every rank reduces its own slice straight out of all others' memory, then all copy
 * the reduced slices.
 * Cost on one host: n * beta if the data must be brought into the shared heap first, 2 * (p - 1) * alpha, (p - 1) / p * n *
 * gamma and (p - 1) / p * n * beta, two steps whatever p is. Restrictions: elementwise operations.
 *
 * The slice is folded from the highest rank down: each operand comes from a lower rank than all that are in the
 * accumulator already, so rank order is kept. Each slice is reduced once, so all ranks get the same bits. No rank writes
 * to memory it has offered before those it was offered to have read it.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { blockLength, copyElements, equalBlocks, type Blocks } from '../blocks.ts'
import type { Op } from '../op.ts'

/** @param data the rank's elements; at the end, the reduction over all ranks */
export function* allreduceSharedHeap(channel: Channel, data: TypedArray, op: Op): Steps {
  const { rank, size } = channel
  if (size === 1) return
  const length = blockLength(data.length, size, op.unit)
  const results = equalBlocks(data, length)
  const offered = equalBlocks(channel.shared(data), length)
  const sends = []
  for (let step = 1; step < size; step++) {
    const dest = (rank + step) % size
    sends.push(channel.isend(offered.of(dest), dest))
  }
  const slice = channel.scratch(data, results.countOf(rank))
  yield* foldSlice(channel, slice, results, op)
  yield* channel.settleAll(sends)

  const transfers = []
  for (let step = 1; step < size; step++) {
    const source = (rank - step + size) % size
    transfers.push(channel.irecv(results.of(source), source), channel.isend(slice, (rank + step) % size))
  }
  copyElements(results.of(rank), slice)
  yield* channel.settleAll(transfers)
}

/** slice := the reduction of all ranks' elements of my slice, from the highest rank down. */
function* foldSlice(channel: Channel, slice: TypedArray, mine: Blocks, op: Op): Steps {
  const { rank, size } = channel
  const combine = op.functionFor(slice)
  const own = mine.of(rank)
  if (rank === size - 1) copyElements(slice, own)
  else yield* channel.recv(slice, size - 1)
  for (let source = size - 2; source >= 0; source--)
    if (source === rank) combine(own, slice)
    else yield* channel.recvCombine(slice, source, combine)
}
