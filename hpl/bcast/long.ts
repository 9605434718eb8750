/**
 * The long topologies: the payload is cut into as many pieces as there are processes, spread from the root along a
 * binomial tree, and rolled until everybody has all pieces. The root sends 2 (q-1)/q of the payload, however many
 * processes there are, in ceil(log2 q) + q - 1 rounds. Source: netlib HPL, "long" (spread and roll).
 */
import { powerOfTwoBelow } from '../process-grid.ts'
import { forward, receiveThenSend, type Round, type Schedule, type Transfer } from './schedule.ts'

/** Spread and roll among all. */
export const long: Schedule = (d, q, length) => [...spread(d, q, length), ...roll(d, q, length)]

/** 0 -> 1 the whole payload, so that the owner of the next panel can go on; then long among 0, 2, 3, ..., q-1. */
export const longModified: Schedule = (d, q, length) => {
  if (d === 1) return forward(0, [], length)
  const first = d === 0 ? forward(undefined, [1], length) : []
  if (q === 2) return first
  const rename = (transfer: Transfer): Transfer => ({ ...transfer, peer: transfer.peer === 0 ? 0 : transfer.peer + 1 })
  const rest = long(d === 0 ? 0 : d - 1, q - 1, length)
  return [
    ...first,
    ...rest.map(({ receives, sends }) => ({ receives: receives.map(rename), sends: sends.map(rename) })),
  ]
}

/** Pieces first..last-1 of q pieces; the last piece takes the remainder. */
function pieces(peer: number, first: number, last: number, q: number, length: number): Transfer[] {
  const size = Math.max(1, Math.floor(length / q))
  const from = Math.min(first * size, length)
  const to = last >= q ? length : Math.min(last * size, length)
  return from < to ? [{ peer, from, to }] : []
}

/** Process d gets pieces d..d+mask-1 from d-mask, mask its lowest set bit, and halves what it has until it has one. */
function spread(d: number, q: number, length: number): readonly Round[] {
  const top = powerOfTwoBelow(Math.max(1, q - 1))
  let mask = 1
  while (mask <= top && (d & mask) === 0) mask *= 2
  const receives = d === 0 ? [] : pieces(d - mask, d, d + mask, q, length)
  const sends: Transfer[] = []
  for (mask /= 2; mask >= 1; mask /= 2) {
    if (d + mask < q) sends.push(...pieces(d + mask, d + mask, d + 2 * mask, q, length))
  }
  return receiveThenSend(receives, sends)
}

/**
 * q-1 rounds in which neighbours exchange pairwise, in turn to the left and to the right: after 2k rounds a process has
 * the pieces of k neighbours on either side. For odd q the pair (q-1, 0) is one round apart, which only shifts it.
 */
function roll(d: number, q: number, length: number): Round[] {
  const piece = (peer: number, k: number): Transfer[] => {
    const number = ((k % q) + q) % q
    return pieces((peer + q) % q, number, number + 1, q, length)
  }
  return Array.from({ length: q - 1 }, (_, k) => {
    const l = Math.floor(k / 2)
    const leftwards = (d + k) % 2 === 1
    return leftwards
      ? { sends: piece(d - 1, d + l), receives: piece(d - 1, d - l - 1) }
      : { sends: piece(d + 1, d - l), receives: piece(d + 1, d + l + 1) }
  })
}
