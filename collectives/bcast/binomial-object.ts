/**
 * Binomial-tree broadcast of a serialized value, whose length only the root knows: the tree of binomial.ts, with
 * receives that take a message of any size.
 * Cost: ceil(log2 p) * (alpha + n * beta), n in bytes. Restrictions: none.
 */
import type { Channel, Steps } from '../../runtime/comm/channel.ts'

/** @param bytes the value, on the root */
export function* bcastBinomialObject(channel: Channel, bytes: Uint8Array | undefined, root: number): Steps<Uint8Array> {
  const { rank, size } = channel
  const relative = (rank - root + size) % size
  let mask = 1
  while (mask < size && (relative & mask) === 0) mask <<= 1
  const value = relative === 0 ? (bytes as Uint8Array) : yield* channel.recvObject((rank - mask + size) % size)

  const sends = []
  for (mask >>= 1; mask > 0; mask >>= 1)
    if (relative + mask < size) sends.push(channel.isendObject(value, (rank + mask) % size))
  yield* channel.settleAll(sends)
  return value
}
