/**
 * Linear scatter: the root sends every rank its block.
 * Cost: (p - 1) * alpha + (p - 1) / p * n * beta at the root, n bytes in all. Restrictions: none.
 *
 * No block is handed on, so that each is copied once. The only one for scatterv, where only the root knows the lengths: the
 * inner ranks of a tree could not make room for their subtree.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import type { Blocks } from '../blocks.ts'

/** @param blocks the blocks, on the root; @param mine where the rank's block goes, except on the root, which has its own */
export function* scatterLinear(channel: Channel, blocks: Blocks, mine: TypedArray, root: number): Steps {
  if (channel.rank !== root) return yield* channel.recv(mine, root)
  const sends = []
  for (let dest = 0; dest < channel.size; dest++) if (dest !== root) sends.push(channel.isend(blocks.of(dest), dest))
  yield* channel.settleAll(sends)
}
