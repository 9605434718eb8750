/**
 * Two-level allreduce: the ranks of a host reduce to their leader, the leaders allreduce, the leaders share the result.
 * Cost: that of an allreduce over h hosts (recursive doubling up to 2 KiB, else Rabenseifner's), and within a host
 * ceil(log2 m) * (alpha + n * (beta + gamma)) + n * beta for its m ranks. Restrictions: commutative, elementwise
 * operations, since the ranks of a host need not be neighbours.
 *
 * One vector per host crosses the network, whatever the number of its ranks. The result is copied from the leaders, who
 * have the same bits, so all ranks do.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { bcastSharedHeap } from '../bcast/shared-heap.ts'
import type { Hosts } from '../hosts.ts'
import type { Op } from '../op.ts'
import { reduceBinomial } from '../reduce/binomial.ts'
import { allreduceRabenseifner } from './rabenseifner.ts'
import { allreduceRecursiveDoubling } from './recursive-doubling.ts'

const SHORT_NBYTES = 2048

/** @param data the rank's elements; at the end, the reduction over all ranks */
export function* allreduceTwoLevel(channel: Channel, data: TypedArray, op: Op, hosts: Hosts): Steps {
  const local = channel.within(hosts.neighbours(channel.rank))
  yield* reduceBinomial(local, data, op, 0)
  if (local.rank === 0) {
    const allreduce = data.byteLength <= SHORT_NBYTES ? allreduceRecursiveDoubling : allreduceRabenseifner
    yield* allreduce(channel.within(hosts.leaders()), data, op)
  }
  yield* bcastSharedHeap(local, data, 0)
}
