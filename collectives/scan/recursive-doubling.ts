/**
 * Recursive-doubling scan: in round k, ranks that differ in bit k exchange the reductions of their groups.
 * Cost: ceil(log2 p) * (alpha + n * (beta + 2 * gamma)). Restrictions: none.
 *
 * Before round k a rank knows `group`, the reduction over the ranks that share its bits above k - 1, and `prefix`, that
 * over the ranks of them below it (and itself, if inclusive). A partner below contributes to both, one above to the
 * group only. Groups are neighbours, so rank order is kept. A rank whose partner does not exist is in the last group,
 * which no rank above needs.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { copyElements } from '../blocks.ts'
import type { Op } from '../op.ts'
import type { ScanKind } from '../power-of-two.ts'

/** @param data the rank's elements; at the end, the reduction over the ranks up to it; unchanged on rank 0 */
export function* scanRecursiveDoubling(channel: Channel, data: TypedArray, op: Op, kind: ScanKind): Steps {
  const { rank, size } = channel
  if (size === 1) return
  let group = channel.scratch(data, data.length)
  let other = channel.scratch(data, data.length)
  let empty = kind === 'exclusive'
  copyElements(group, data)
  for (let mask = 1; mask < size; mask <<= 1) {
    const partner = rank ^ mask
    if (partner >= size) continue
    yield* channel.sendrecv(group, partner, other, partner)
    if (partner > rank) {
      op.apply(group, other)
      ;[group, other] = [other, group]
      continue
    }
    if (empty) copyElements(data, other)
    else op.apply(other, data)
    empty = false
    op.apply(other, group)
  }
}
