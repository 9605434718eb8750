/**
 * Binary exchange: U and the rows on their way into it meet in a hypercube of process rows.
 *
 * Process row `prow` (d = 0) packs all slots of U: its own rows into theirs, and into every other slot the row of the top
 * block that will replace the row expected there. The others pack the rows they give into W. In round k, processes that
 * have U (d < 2^k) send it to d + 2^k and receive W rows of that half of the cube, which go into their slots; the
 * receivers take out the rows that are theirs, then drop the same W rows in; processes that do not meet U yet join their
 * W rows. If P is no power of two, processes d >= p2 begin by giving their W rows to d - p2, spread the early U among
 * themselves along a binomial tree to take out their rows, and receive the finished U at the end.
 * Cost: ceil(log2 P) messages (+ 1 or 2 if P is no power of two) of up to jb n doubles each way.
 *
 * W holds the groups in the order 0, p2, 1, p2+1, ... so that each subcube, with its guests, is contiguous.
 */
import type { Request } from '../../runtime/comm/request.ts'
import { powerOfTwoBelow } from '../process-grid.ts'
import type { RowExchange } from './row-exchange.ts'
import { groupRows, type RowGroups } from './row-groups.ts'
import { gatherRows, placeRows, scatterRows, unpackTransposed } from './rows.ts'

/** Exchanges the rows; collective over the process column. Returns the offset of U, in the form the variant asks for. */
export async function binaryExchange(x: RowExchange): Promise<number> {
  const cube = new Cube(x)
  cube.pack()
  x.probe()
  if (x.d >= cube.folded) await cube.beGuest()
  else await cube.exchangeAll()
  return cube.inForm()
}

class Cube {
  /** Processes that take part in the hypercube: those with d < folded. */
  readonly folded: number
  readonly #x: RowExchange
  readonly #p: number
  readonly #groups: RowGroups
  /** Position of the group of each process in W, by distance from `prow`. */
  readonly #group: readonly number[]
  readonly #u: number
  readonly #w: number

  constructor(x: RowExchange) {
    const { nprow } = x.solver.grid
    this.#x = x
    this.#p = nprow
    this.folded = powerOfTwoBelow(nprow)
    const order = hypercubeOrder(nprow, this.folded)
    this.#group = order.map((_, d) => order.indexOf(d))
    this.#groups = groupRows(x.permutation, order.map((d) => x.process(d))) // prettier-ignore
    this.#u = x.u
    this.#w = x.solver.system.w
  }

  /** Packs U (d = 0) or the rows that I give (others). */
  pack(): void {
    const x = this.#x
    const { memory, a, lda, n, d } = x
    if (d > 0) {
      const [from, to] = this.#own(d)
      gatherRows(memory, a, lda, this.#groups.rows.subarray(from, to), to - from, n, this.#w + from * n)
      return
    }
    const { owner, localSource, replacement, jb } = x.permutation
    const { prow } = x.panel
    const rows = localSource.map((row, k) => (owner[k] === prow ? row : x.topRow(replacement[k]))) // prettier-ignore
    gatherRows(memory, a, lda, rows, jb, n, this.#u)
    x.replaceOwnRows()
  }

  /** A process outside the hypercube. */
  async beGuest(): Promise<void> {
    const x = this.#x
    const host = x.d - this.folded
    const [from, to] = this.#own(x.d)
    const gift = to > from ? x.isend(host, this.#w + from * x.n, to - from) : undefined
    await this.#spreadAmongGuests()
    this.#takeOut()
    if (gift !== undefined) await x.complete(gift)
    x.probe()
    await x.complete(x.irecv(host, this.#u, x.permutation.jb))
  }

  /** U, with the rows that go down, along a binomial tree over d = folded .. P-1; the first gets it from d = 0. */
  async #spreadAmongGuests(): Promise<void> {
    const x = this.#x
    const { jb } = x.permutation
    const guests = this.#p - this.folded
    const e = x.d - this.folded
    let mask = 1
    while (mask < guests && (e & mask) === 0) mask *= 2
    const source = e === 0 ? 0 : x.d - mask
    await x.complete(x.irecv(source, this.#u, jb))
    for (mask /= 2; mask >= 1; mask /= 2) {
      if (e + mask < guests) await x.complete(x.isend(x.d + mask, this.#u, jb))
    }
  }

  /** A process of the hypercube: fold the guest in, exchange, hand the guest the finished U. */
  async exchangeAll(): Promise<void> {
    const x = this.#x
    const guest = x.d + this.folded
    if (guest < this.#p) await this.#welcome(guest)
    for (let mask = 1; mask < this.folded; mask *= 2) {
      await this.#exchange(mask)
      x.probe()
    }
    if (guest < this.#p) await x.complete(x.isend(guest, this.#u, x.permutation.jb))
  }

  /** Takes the rows of the guest; d = 0 gives it U, for all guests, before it puts the guest's rows there. */
  async #welcome(guest: number): Promise<void> {
    const x = this.#x
    const [from, to] = this.#own(guest)
    const receive = to > from ? x.irecv(guest, this.#w + from * x.n, to - from) : undefined
    if (x.d === 0) await x.complete(x.isend(guest, this.#u, x.permutation.jb))
    if (receive !== undefined) await x.complete(receive)
    if (x.d === 0) this.#drop(from, to)
  }

  async #exchange(mask: number): Promise<void> {
    const x = this.#x
    const { jb } = x.permutation
    const partner = x.d ^ mask
    const mine = this.#subcube(x.d, mask)
    const theirs = this.#subcube(partner, mask)
    const haveU = x.d < mask
    const getU = !haveU && partner < mask
    const receive = getU ? x.irecv(partner, this.#u, jb) : this.#receiveRows(partner, theirs)
    const send = haveU ? x.isend(partner, this.#u, jb) : this.#sendRows(partner, mine)
    if (receive !== undefined) await x.complete(receive)
    if (send !== undefined) await x.complete(send)
    if (getU) this.#takeOut()
    if (haveU) this.#drop(...theirs)
    if (getU) this.#drop(...mine)
  }

  #sendRows(partner: number, [from, to]: readonly [number, number]): Request | undefined {
    return to > from ? this.#x.isend(partner, this.#w + from * this.#x.n, to - from) : undefined
  }

  #receiveRows(partner: number, [from, to]: readonly [number, number]): Request | undefined {
    return to > from ? this.#x.irecv(partner, this.#w + from * this.#x.n, to - from) : undefined
  }

  /** Positions of W that hold the rows of process d. */
  #own(d: number): readonly [number, number] {
    const group = this.#group[d]
    return [this.#groups.starts[group], this.#groups.starts[group + 1]]
  }

  /** Positions of W that hold the rows of the subcube of `size` processes around d, and of their guests. */
  #subcube(d: number, size: number): readonly [number, number] {
    const base = d - (d % size)
    const last = base + size - 1
    const guest = last + this.folded
    const [from] = this.#own(base)
    const [, to] = this.#own(guest < this.#p ? guest : last)
    return [from, to]
  }

  /** Rows that U carries for me go into A, where the rows that I gave were. */
  #takeOut(): void {
    const { memory, a, lda, n, d } = this.#x
    const { slots, rows } = this.#groups
    const [from, to] = this.#own(d)
    for (let w = from; w < to; w++) {
      scatterRows(memory, a, lda, rows.subarray(w, w + 1), 1, n, this.#u + slots[w] * n)
    }
  }

  /** Rows of W go into their slots of U. */
  #drop(from: number, to: number): void {
    placeRows(this.#x.memory, this.#w, this.#x.n, this.#groups.slots, from, to - from, this.#u)
  }

  /** The finished U in the form the variant asks for. */
  inForm(): number {
    const { solver, memory, n, permutation } = this.#x
    if (solver.variant.u === 'transposed') return this.#u
    const { jb } = permutation
    const inOrder = Int32Array.from({ length: jb }, (_, k) => k)
    unpackTransposed(memory, this.#u, n, inOrder, jb, this.#w)
    return this.#w
  }
}

/** 0, p2, 1, p2+1, ...: every process of the hypercube, followed by its guest if it has one. */
function hypercubeOrder(p: number, folded: number): number[] {
  return Array.from({ length: folded }, (_, d) => (d + folded < p ? [d, d + folded] : [d])).flat()
}
