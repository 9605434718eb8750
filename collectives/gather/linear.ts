/**
 * Linear gather: every rank sends its block to the root, which has posted all receives.
 * Cost: (p - 1) * alpha + (p - 1) / p * n * beta at the root, n bytes in all. Restrictions: none.
 *
 * No block is handed on, so that each is copied once. The only one for gatherv, where only the root knows the lengths: the
 * inner ranks of a tree could not make room for their subtree. Open MPI's form with synchronisation, which holds senders
 * back until the root is ready for them, is left out: the engine does that, by rendezvous and by credit.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import type { Blocks } from '../blocks.ts'

/** @param mine the rank's block, except on the root, which has put its own in place; @param blocks where they go, on the root */
export function* gatherLinear(channel: Channel, mine: TypedArray, blocks: Blocks, root: number): Steps {
  if (channel.rank !== root) return yield* channel.send(mine, root)
  const receives = []
  for (let source = 0; source < channel.size; source++)
    if (source !== root) receives.push(channel.irecv(blocks.of(source), source))
  yield* channel.settleAll(receives)
}
