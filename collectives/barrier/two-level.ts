/**
 * Two-level barrier: the ranks of a host gather at their leader, the leaders disseminate, the leaders let theirs go.
 * Cost: ceil(log2 h) * alpha between hosts, 2 * (p / h - 1) * alpha within one, h hosts. Restrictions: none.
 *
 * A leader takes part when its host is complete; what holds of the leaders then holds of all ranks. One rank of a host
 * uses the network, not all.
 */
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import type { Hosts } from '../hosts.ts'
import { arrive, release } from './central.ts'
import { barrierDissemination } from './dissemination.ts'

export function* barrierTwoLevel(channel: Channel, hosts: Hosts): Steps {
  const local = channel.within(hosts.neighbours(channel.rank))
  yield* arrive(local)
  if (local.rank === 0) yield* barrierDissemination(channel.within(hosts.leaders()))
  yield* release(local)
}
