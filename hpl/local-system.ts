/**
 * The local part of one problem: [A|b], x, and all work space of the solver, laid out in one array.
 *
 * Invariant: everything the timed region touches is allocated here, before it begins; offsets count doubles from the
 * start of `memory` and are multiples of 8 (64 bytes). The array comes from the BLAS backend, so that kernels and
 * messages work on it in place.
 *
 * The matrix is stored by rows, so that row interchanges move contiguous memory: at N = 8000 on one core they take
 * 0.10 s of 4.6 s, by columns, where each element costs a cache miss, 0.52 s. The panel being factored is searched and
 * scaled by columns, so it is copied into its record by columns, which takes 0.05 s. To BLAS, which thinks in columns,
 * A is its transpose. Layer below: block-cyclic.ts, blas/, transpose.ts.
 */
import type { Blas } from './blas/blas.ts'
import { leadingDimension, numroc } from './block-cyclic.ts'
import { recordLength } from './panel-record.ts'
import type { ProcessGrid } from './process-grid.ts'

/** What is to be solved; everything (global). */
export interface ProblemSize {
  /** Order of A. */
  readonly n: number
  /** Block size. */
  readonly nb: number
  /** Look-ahead. */
  readonly depth: number
  /** Doubles that the leading dimension is a multiple of. */
  readonly align: number
}

export interface LocalSystem {
  readonly n: number
  readonly nb: number
  /** Local rows of A. */
  readonly mp: number
  /** Local columns of A. */
  readonly nq: number
  /** Local columns of [A|b]: nq + 1 where b is, as column nq; else nq. */
  readonly nqb: number
  /** Distance of neighbouring rows. */
  readonly lda: number
  /** The one array. */
  readonly memory: Float64Array
  /** [A|b]: mp rows of nqb values, row-major. */
  readonly a: number
  /** The right-hand side while it is worked on: mp values. */
  readonly rhs: number
  /** x: the nq values that belong to the local columns. */
  readonly x: number
  /** One for each panel record. */
  readonly panels: readonly number[]
  /** U and the row exchange's second buffer: min(nb, n) x nqb doubles each; nothing if rows change places in A. */
  readonly u: number
  readonly w: number
  /** Two messages of the pivot search: 4 + 2 min(nb, n) doubles each. */
  readonly pivot: readonly [number, number]
  /** Back-substitution: a window of the right-hand side. */
  readonly window: number
}

/** Rows of the right-hand side that back-substitution brings up to date ahead of the others, see solve.ts. */
export function solveWindow(nb: number, npcol: number): number {
  return Math.max((npcol - 1) * nb, nb)
}

/**
 * Memory for tests, kept from one to the next if it is large enough: a file of many small tests allocates once.
 * Holds what the last test left there.
 */
export class Arena {
  readonly #blas: Blas
  #memory: Float64Array | undefined = undefined

  constructor(blas: Blas) {
    this.#blas = blas
  }

  /** At least `n` doubles of any content. Local. @throws what the backend throws if there is no memory */
  reserve(n: number): Float64Array {
    if (this.#memory !== undefined && this.#memory.length >= n) return this.#memory
    this.release()
    this.#memory = this.#blas.alloc(n)
    return this.#memory
  }

  /** Gives the memory back. */
  release(): void {
    const memory = this.#memory
    this.#memory = undefined
    if (memory !== undefined) this.#blas.free(memory)
  }
}

/** What a solve may take beyond the matrix, as a share of it, if it can do with that. */
const WORK_SPACE = 0.15

/**
 * Lays a problem out. Local.
 *
 * @param how.inPlace whether the processes of a column reach each other's matrix, so that no rows are sent
 * @throws what the backend throws if there is no memory
 */
export function layOut(size: ProblemSize, grid: ProcessGrid, arena: Arena, how = { inPlace: false }): LocalSystem {
  const { n, nb, depth, align } = size
  const { nprow, npcol, myrow, mycol } = grid
  const mp = numroc(n, nb, myrow, 0, nprow)
  const nq = numroc(n, nb, mycol, 0, npcol)
  const nqb = numroc(n + 1, nb, mycol, 0, npcol)
  const lda = leadingDimension(nqb, align)
  const jb = Math.min(nb, n)

  let end = 0
  const area = (doubles: number): number => {
    const start = end
    end += Math.ceil(doubles / 8) * 8
    return start
  }
  const a = area(lda * mp)
  const rhs = area(mp)
  const x = area(nq)
  const record = Math.ceil(recordLength(mp, jb) / 8) * 8
  const rows = nprow > 1 && !how.inPlace ? jb * nqb : 0
  const u = area(rows)
  const w = area(rows)
  const room = (((1 + WORK_SPACE) * n * n) / (nprow * npcol) - end) / record
  const records = panelRecords(Math.min(depth, Math.ceil(n / nb)), npcol, room)
  const firstPanel = area(record * records)
  const pivot = [area(4 + 2 * jb), area(4 + 2 * jb)] as const
  const window = area(Math.min(mp, solveWindow(nb, npcol) + nb))
  const memory = arena.reserve(end)
  const panels = Array.from({ length: records }, (_, k) => firstPanel + k * record)
  // Work space is touched here, so that its pages do not have to be found while the clock runs; A is when it is filled.
  memory.fill(0, rhs, end)
  return { n, nb, mp, nq, nqb, lda, memory, a, rhs, x, panels, u, w, pivot, window }
}

/**
 * Panels under way at once: the one being factored and `depth` before it. In a ring of three and more processes one more,
 * so that a process need not wait for its neighbour to take a panel before it begins the next; of two, each has taken a
 * panel before it factors the next, so that nobody waits. The additional one is done without where there is no room.
 */
function panelRecords(depth: number, npcol: number, room: number): number {
  if (npcol === 1) return 1
  return npcol > 2 && depth + 2 <= room ? depth + 2 : depth + 1
}

/** Copies b into the contiguous right-hand side; where b is not, the right-hand side becomes zero. Local. */
export function takeRightHandSide({ memory, a, lda, mp, nq, nqb, rhs }: LocalSystem): void {
  if (nqb === nq) memory.fill(0, rhs, rhs + mp)
  else for (let i = 0, from = a + nq; i < mp; i++, from += lda) memory[rhs + i] = memory[from]
}
