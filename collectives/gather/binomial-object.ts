/**
 * Binomial-tree gather of serialized values of any length: the tree of binomial.ts; a message is the list of the values
 * of a subtree.
 * Cost: ceil(log2 p) * alpha + n * beta at the root, n bytes of all values. Restrictions: none.
 */
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { deserializeObject, serializeObject } from '../../runtime/comm/object-messages.ts'

/** @param mine the rank's value; resolves on the root to all values by rank, elsewhere to undefined */
export function* gatherBinomialObject(
  channel: Channel,
  mine: Uint8Array,
  root: number,
): Steps<Uint8Array[] | undefined> {
  const { rank, size, call } = channel
  const relative = (rank - root + size) % size
  const values = [mine]
  for (let mask = 1; mask < size; mask <<= 1) {
    if ((relative & mask) !== 0) {
      yield channel.isendObject(serializeObject(values, call), (rank - mask + size) % size)
      return undefined
    }
    if (relative + mask < size)
      values.push(...deserializeObject<Uint8Array[]>(yield* channel.recvObject((rank + mask) % size)))
  }
  // The root has them from its own on.
  return values.map((_, index) => values[(index - root + size) % size] as Uint8Array)
}
