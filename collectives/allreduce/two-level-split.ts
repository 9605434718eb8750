/**
 * Two-level allreduce of long vectors: the m ranks of a host reduce-scatter, rank i of every host allreduces slice i with
 * its peers on the other hosts, the ranks of a host allgather.
 * Cost: 2 * (m - 1) * (alpha + n / m * beta) + (m - 1) / m * n * gamma within a host, and between hosts an allreduce of n / m
 * by Rabenseifner's algorithm, m of them at the same time. Restrictions: commutative, elementwise operations; as many
 * ranks on every host.
 *
 * As many bytes cross the network as with one leader a host, but all ranks of a host send, receive and add, so that one
 * rank's copying and arithmetic is not what the wire waits for.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { allgatherRing } from '../allgather/ring.ts'
import { blockLength, equalBlocks } from '../blocks.ts'
import type { Hosts } from '../hosts.ts'
import type { Op } from '../op.ts'
import { reduceScatterRing } from '../reduce-scatter/ring.ts'
import { allreduceRabenseifner } from './rabenseifner.ts'

/** @param data the rank's elements; at the end, the reduction over all ranks */
export function* allreduceTwoLevelSplit(channel: Channel, data: TypedArray, op: Op, hosts: Hosts): Steps {
  const local = channel.within(hosts.neighbours(channel.rank))
  const peers = channel.within(hosts.ranksOf.map((ranks) => ranks[local.rank] as number))
  const slices = equalBlocks(data, blockLength(data.length, local.size, op.unit))
  yield* reduceScatterRing(local, slices, op)
  yield* allreduceRabenseifner(peers, slices.of(local.rank), op)
  yield* allgatherRing(local, slices)
}
