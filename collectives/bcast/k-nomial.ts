/**
 * Broadcast in a k-nomial tree, k = 4: in each round every rank that holds the data serves k - 1 others.
 * Cost: ceil(log_k p) * alpha + (k - 1) * ceil(log_k p) * n * beta, n in bytes, if the k - 1 sends of a round overlap:
 * half the rounds of a binomial tree, and half as many bytes again leave the root. Restrictions: none.
 *
 * Relative to the root, rank r, written with digits 0 .. k - 1, receives from r without its lowest digit that is not 0 and
 * serves r with every other digit in place of each 0 below it: the binomial tree with k in place of 2, so that all are
 * served, and each once.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'

const RADIX = 4

/** @param data the root's elements; on the other ranks, room for as many */
export function* bcastKnomial(channel: Channel, data: TypedArray, root: number): Steps {
  const { rank, size } = channel
  const relative = (rank - root + size) % size
  const rankAt = (place: number): number => (place + root) % size

  let digit = 1
  while (digit < size && relative % (digit * RADIX) === 0) digit *= RADIX
  if (relative !== 0) yield* channel.recv(data, rankAt(relative - (relative % (digit * RADIX))))

  // Largest subtrees first: they have the longest way to go.
  const sends = []
  for (digit /= RADIX; digit >= 1; digit /= RADIX)
    for (let place = relative + digit; place < Math.min(relative + RADIX * digit, size); place += digit)
      sends.push(channel.isend(data, rankAt(place)))
  yield* channel.settleAll(sends)
}
