/**
 * Van de Geijn's broadcast: the root scatters the data down a binomial tree, then a ring allgather.
 * Cost: (ceil(log2 p) + p - 1) * alpha + 2 * (p - 1) / p * n * beta, n in bytes. Restrictions: none.
 *
 * Relative to the root, rank r is given the blocks r .. r + 2^k - 1 of its subtree, keeps block r and passes the rest
 * on; the ring needs no more than one block at each rank. Half the bandwidth of a pipeline, but few steps and no
 * segment length to tune.
 * Source: Barnett et al., Interprocessor collective communication library (InterCom), SHPCC 1994.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { allgatherRing } from '../allgather/ring.ts'
import { blockLength, equalBlocks, run } from '../blocks.ts'

/** @param data the root's elements; on the other ranks, room for as many */
export function* bcastScatterRingAllgather(channel: Channel, data: TypedArray, root: number): Steps {
  const { rank, size } = channel
  const relative = (rank - root + size) % size
  const length = blockLength(data.length, size)
  const subtree = (first: number, ranks: number): TypedArray => run(data, first, Math.min(first + ranks, size), length)

  let mask = 1
  while (mask < size && (relative & mask) === 0) mask <<= 1
  if (relative !== 0) yield* channel.recv(subtree(relative, mask), (rank - mask + size) % size)
  const sends = []
  for (mask >>= 1; mask > 0; mask >>= 1)
    if (relative + mask < size) sends.push(channel.isend(subtree(relative + mask, mask), (rank + mask) % size))

  yield* allgatherRing(channel, equalBlocks(data, length), size - root)
  yield* channel.settleAll(sends)
}
