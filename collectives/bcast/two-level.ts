/**
 * Two-level broadcast: one rank of each host gets the data from the root, the others of the host copy from it.
 * Cost: that of a binomial tree (up to 512 KiB) or a pipelined chain over h hosts, then n * beta within the hosts.
 * Restrictions: none.
 *
 * The root leads its own host. Each byte crosses into a host once; a tree over all ranks may carry it there for every rank.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import type { Hosts } from '../hosts.ts'
import { bcastBinomial } from './binomial.ts'
import { bcastPipelinedChain } from './pipelined-chain.ts'
import { bcastSharedHeap } from './shared-heap.ts'

/** As between ranks of different hosts in the table. */
const CHAIN_NBYTES = 524_288

/** @param data the root's elements; on the other ranks, room for as many */
export function* bcastTwoLevel(channel: Channel, data: TypedArray, root: number, hosts: Hosts): Steps {
  const { rank } = channel
  const leaders = hosts.leaders(root)
  const leader = leaders[hosts.hostOf[rank] as number] as number
  if (rank === leader) {
    const bcast = data.byteLength > CHAIN_NBYTES ? bcastPipelinedChain : bcastBinomial
    yield* bcast(channel.within(leaders), data, leaders.indexOf(root))
  }
  const local = hosts.neighbours(rank)
  yield* bcastSharedHeap(channel.within(local), data, local.indexOf(leader))
}
