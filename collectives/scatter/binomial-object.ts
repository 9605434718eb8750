/**
 * Binomial-tree scatter of serialized values of any length: the tree of binomial.ts; a message is the list of the values
 * of a subtree.
 * Cost: ceil(log2 p) * alpha + n * beta at the root, n bytes of all values. Restrictions: none.
 */
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { deserializeObject, serializeObject } from '../../runtime/comm/object-messages.ts'
import { subtreeSize } from '../gather/binomial.ts'

/** @param values one for each rank, on the root; resolves to the rank's own */
export function* scatterBinomialObject(
  channel: Channel,
  values: readonly Uint8Array[] | undefined,
  root: number,
): Steps<Uint8Array> {
  const { rank, size, call } = channel
  const relative = (rank - root + size) % size
  let mask = subtreeSize(relative, size)
  const held =
    values === undefined
      ? deserializeObject<Uint8Array[]>(yield* channel.recvObject((rank - mask + size) % size))
      : values.map((_, index) => values[(root + index) % size] as Uint8Array)

  const sends = []
  for (mask >>= 1; mask > 0; mask >>= 1)
    if (relative + mask < size)
      sends.push(channel.isendObject(serializeObject(held.slice(mask, 2 * mask), call), (rank + mask) % size))
  yield* channel.settleAll(sends)
  return held[0] as Uint8Array
}
