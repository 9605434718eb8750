/**
 * Ring reduce-scatter: block b sets out at rank b + 1 and collects the part of every rank it passes.
 * Cost: (p - 1) * (alpha + n / p * beta + n / p * gamma). Restrictions: commutative, elementwise operations.
 *
 * In step s rank r sends block r - s and reduces into block r - s - 1 (mod p) what comes from the left; the block it
 * sends is the one it reduced in the step before. After p - 1 steps block r has met all ranks and is at rank r. No byte
 * more is moved when p is no power of two, and only neighbours talk.
 * Source: Patarasuk, Yuan, Bandwidth optimal all-reduce algorithms for clusters of workstations, JPDC 69, 2009.
 */
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import type { Blocks } from '../blocks.ts'
import type { Op } from '../op.ts'

/** @param blocks the rank's elements; at the end its own block is reduced over all ranks, the others are lost */
export function* reduceScatterRing(channel: Channel, blocks: Blocks, op: Op): Steps {
  const { rank, size } = channel
  if (size === 1) return
  const combine = op.functionFor(blocks.array)
  for (let step = 1; step < size; step++) {
    const sent = blocks.of((rank - step + size) % size)
    const reduced = blocks.of((rank - step - 1 + 2 * size) % size)
    yield* channel.sendrecvCombine(sent, (rank + 1) % size, reduced, (rank - 1 + size) % size, combine)
  }
}
