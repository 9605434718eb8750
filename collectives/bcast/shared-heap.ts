/**
 * Flat broadcast: the root offers its elements once, every rank copies them out of the root's memory.
 * Cost on one host: n * beta if the data must be brought into the shared heap first, then (p - 1) * alpha at the root and
 * n * beta at all others at the same time. Between hosts the root's link carries everything. Restrictions: none.
 *
 * A tree hands long data on from copy to copy: log2 p copies, one after the other, each staged again. Here there is one
 * staging and one step. Memory of `alloc` is not staged at all.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'

/** @param data the root's elements; on the other ranks, room for as many */
export function* bcastSharedHeap(channel: Channel, data: TypedArray, root: number): Steps {
  const { rank, size } = channel
  if (rank !== root) return yield* channel.recv(data, root)
  if (size === 1) return
  const offered = channel.shared(data)
  const sends = []
  for (let step = 1; step < size; step++) sends.push(channel.isend(offered, (root + step) % size))
  yield* channel.settleAll(sends)
}
