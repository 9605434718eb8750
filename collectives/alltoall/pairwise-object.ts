/**
 * Pairwise all-to-all of serialized values of any length: the steps of pairwise.ts.
 * Cost: (p - 1) * (alpha + n / p * beta), n bytes of all values of a rank. Restrictions: none.
 */
import type { Channel, Steps } from '../../runtime/comm/channel.ts'

/** @param values one for each rank; @returns one from each rank */
export function* alltoallPairwiseObject(channel: Channel, values: readonly Uint8Array[]): Steps<Uint8Array[]> {
  const { rank, size } = channel
  const received = [...values]
  for (let step = 1; step < size; step++) {
    const dest = (rank + step) % size
    const source = (rank - step + size) % size
    const send = channel.isendObject(values[dest] as Uint8Array, dest)
    received[source] = yield* channel.recvObject(source)
    yield send
  }
  return received
}
