/**
 * Spread and roll: process row `prow` sends every other the rows that it gets for those it gives to U, then U, of which
 * each process now has a piece, is rolled around the ring until all have all of it.
 *
 * Optionally ("equilibration") the pieces are first made equal, since the slowest link of a ring carries its largest
 * piece P-1 times. The spread goes straight to its destinations and is not on the way of the roll: the rows that come
 * down are needed in A only, so they travel while U does.
 * Cost per process: P-1 messages and jb n (P-1)/P doubles in and out for the roll, which is the least an allgather can
 * do; prow sends at most jb n more, the others up to one piece for equal pieces.
 */
import { Outstanding } from '../messaging.ts'
import type { RowExchange } from './row-exchange.ts'
import { groupRows, type RowGroups } from './row-groups.ts'
import { gatherRows, placeRows, scatterRows, unpackTransposed } from './rows.ts'

/** Exchanges the rows; collective over the process column. Returns the offset of U, in the form the variant asks for. */
export async function spreadRoll(x: RowExchange): Promise<number> {
  const { solver, memory, n, u, permutation } = x
  const { w } = solver.system
  const { nprow } = solver.grid
  const groups = groupRows(permutation, Array.from({ length: nprow }, (_, d) => x.process(d))) // prettier-ignore
  const spread = x.d === 0 ? sendDisplaced(x, groups) : receiveDisplaced(x, groups)
  packOwn(x, groups)
  await roll(x, await equalPieces(x, groups.starts))
  await spread()
  if (solver.variant.u === 'transposed') placeRows(memory, w, n, groups.slots, 0, permutation.jb, u)
  else unpackTransposed(memory, w, n, groups.slots, permutation.jb, u)
  return u
}

type Finish = () => Promise<void>

/** prow: rows of the top block on their way down, by destination, out of the memory of U. */
function sendDisplaced(x: RowExchange, { slots, starts }: RowGroups): Finish {
  const { memory, a, lda, n, u, permutation } = x
  const first = starts[1]
  const rows = Array.from(slots.subarray(first), (slot) => x.topRow(permutation.replacement[slot])) // prettier-ignore
  gatherRows(memory, a, lda, rows, rows.length, n, u)
  const sends = new Outstanding()
  for (let d = 1; d + 1 < starts.length; d++) {
    const count = starts[d + 1] - starts[d]
    if (count > 0) sends.add(x.isend(d, u + (starts[d] - first) * n, count))
  }
  return () => sends.drain(x.complete)
}

/** Others: the rows that replace those they give, into the memory of U and from there into A. */
function receiveDisplaced(x: RowExchange, { rows, starts }: RowGroups): Finish {
  const { u } = x
  const [from, to] = [starts[x.d], starts[x.d + 1]]
  if (from === to) return () => Promise.resolve()
  const receive = x.irecv(0, u, to - from)
  return async () => {
    await x.complete(receive)
    scatterRows(x.memory, x.a, x.lda, rows.subarray(from, to), to - from, x.n, u)
  }
}

/** My rows of U into my piece of W. */
function packOwn(x: RowExchange, { rows, starts }: RowGroups): void {
  const [from, to] = [starts[x.d], starts[x.d + 1]]
  gatherRows(x.memory, x.a, x.lda, rows.subarray(from, to), to - from, x.n, x.solver.system.w + from * x.n)
  if (x.d === 0) x.replaceOwnRows()
  x.probe()
}

/**
 * Cuts the rows anew so that all pieces are of equal size, and sends every row to the process whose piece it lies in
 * now. Pieces stay in order, so most rows stay or go to a neighbour. Returns where the pieces start. That a row may be
 * received again where it is still being sent from does no harm: its content is the same everywhere.
 */
async function equalPieces(x: RowExchange, starts: Int32Array): Promise<Int32Array> {
  const { jb } = x.permutation
  const p = x.solver.grid.nprow
  if (!x.solver.variant.equilibrate || p <= 2 || isBalanced(starts)) return starts
  const { w } = x.solver.system
  const equal = starts.map((_, d) => Math.floor((jb * d) / p))
  const overlap = (held: Int32Array, d: number, wanted: Int32Array, e: number): readonly [number, number] => [
    Math.max(held[d], wanted[e]),
    Math.min(held[d + 1], wanted[e + 1]),
  ]
  const receives = new Outstanding()
  for (let e = 0; e < p; e++) {
    const [from, to] = overlap(starts, e, equal, x.d)
    if (e !== x.d && from < to) receives.add(x.irecv(e, w + from * x.n, to - from))
  }
  for (let e = 0; e < p; e++) {
    const [from, to] = overlap(starts, x.d, equal, e)
    if (e !== x.d && from < to) x.solver.rowsOnTheWay.add(x.isend(e, w + from * x.n, to - from))
  }
  await receives.drain(x.complete)
  x.probe()
  return equal
}

function isBalanced(starts: Int32Array): boolean {
  const p = starts.length - 1
  const least = Math.floor(starts[p] / p)
  return starts.every((start, d) => d === p || starts[d + 1] - start === least || starts[d + 1] - start === least + 1)
}

/** Passes pieces around the ring: in round k process d sends piece d-k to d+1 and receives piece d-k-1 from d-1. */
async function roll(x: RowExchange, starts: Int32Array): Promise<void> {
  const { d, n } = x
  const { w } = x.solver.system
  const p = x.solver.grid.nprow
  const before = (k: number): number => (d - k + p) % p
  const size = (piece: number): number => starts[piece + 1] - starts[piece]
  const receives = Array.from({ length: p - 1 }, (_, k) => {
    const piece = before(k + 1)
    return size(piece) > 0 ? x.irecv(before(1), w + starts[piece] * n, size(piece)) : undefined
  })
  for (let k = 0; k < p - 1; k++) {
    const piece = before(k)
    if (size(piece) > 0) x.solver.rowsOnTheWay.add(x.isend((d + 1) % p, w + starts[piece] * n, size(piece)))
    const receive = receives[k]
    if (receive !== undefined) await x.complete(receive)
    x.probe()
  }
}
