/**
 * Reduce-scatter as a rank-ordered reduction to rank 0 and a scatter of its blocks.
 * Cost: 2 * ceil(log2 p) * alpha + ceil(log2 p) * n * (beta + gamma) + n * beta. Restrictions: none; this is the
 * algorithm for operations that must see whole vectors in rank order.
 */
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import type { Blocks } from '../blocks.ts'
import type { Op } from '../op.ts'
import { reduceFoldedBinomial } from '../reduce/folded-binomial.ts'
import { scatterBinomial } from '../scatter/binomial.ts'

/** @param blocks the rank's elements; at the end its own block is reduced over all ranks, the others are lost */
export function* reduceScatterReduceThenScatter(channel: Channel, blocks: Blocks, op: Op): Steps {
  yield* reduceFoldedBinomial(channel, blocks.array, op, 0)
  yield* scatterBinomial(channel, blocks, blocks.of(channel.rank), 0)
}
