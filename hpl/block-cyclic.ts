/**
 * The block-cyclic distribution: which process owns a global index, and where it keeps it. Blocks of `nb`
 * consecutive indices are dealt to the processes of one dimension in turn, the first one to `isrcproc`.
 * Invariant: for each global index exactly one process p has indxl2g(indxg2l(ig), p) = ig, and the numroc of
 * all processes add up to n. Pure integer arithmetic on exact doubles, so indices above 2^31 are fine.
 * Nothing below it. Source: HPL and ScaLAPACK (numroc, numrocI, indxg2l, indxg2p, indxl2g).
 */

/** How far `iproc` is from the process that holds the first block, in 0..nprocs-1. */
function distance(iproc: number, isrcproc: number, nprocs: number): number {
  return (nprocs + iproc - isrcproc) % nprocs
}

/**
 * Number of rows (or columns) that process `iproc` holds of a dimension dealt out in blocks. Local.
 * Equally the first local index at or after the global index `n`, on owners and non-owners alike.
 *
 * @param n (global) length of the dimension, >= 0
 * @param nb (global) block size, >= 1
 * @param iproc (local) coordinate of the process, 0 <= iproc < nprocs
 * @param isrcproc (global) coordinate that holds the first block
 * @param nprocs (global) processes in this dimension
 */
export function numroc(n: number, nb: number, iproc: number, isrcproc: number, nprocs: number): number {
  const wholeBlocks = Math.floor(n / nb)
  const rounds = Math.floor(wholeBlocks / nprocs)
  const left = wholeBlocks - rounds * nprocs // whole blocks after the last full round
  const mine = distance(iproc, isrcproc, nprocs)
  if (mine < left) return (rounds + 1) * nb
  return mine === left ? rounds * nb + (n - wholeBlocks * nb) : rounds * nb
}

/**
 * Number of the global indices i .. i+m-1 that process `iproc` holds. Local.
 *
 * @param m (global) length of the range, >= 0
 * @param i (global) first index of the range, >= 0
 * @param nb (global) block size, >= 1
 * @param iproc (local) coordinate of the process, 0 <= iproc < nprocs
 * @param isrcproc (global) coordinate that holds the block of index 0
 * @param nprocs (global) processes in this dimension
 */
export function numrocI(m: number, i: number, nb: number, iproc: number, isrcproc: number, nprocs: number): number {
  return numroc(i + m, nb, iproc, isrcproc, nprocs) - numroc(i, nb, iproc, isrcproc, nprocs)
}

/**
 * Local index, in the process that owns it, of the global index `ig`. Local. It does not depend on where the
 * first block lies.
 *
 * @param ig (global) index, >= 0
 * @param nb (global) block size, >= 1
 * @param nprocs (global) processes in this dimension
 */
export function indxg2l(ig: number, nb: number, nprocs: number): number {
  return Math.floor(ig / (nb * nprocs)) * nb + (ig % nb)
}

/**
 * Coordinate of the process that owns the global index `ig`. Local.
 *
 * @param ig (global) index, >= 0
 * @param nb (global) block size, >= 1
 * @param isrcproc (global) coordinate that holds the first block
 * @param nprocs (global) processes in this dimension
 */
export function indxg2p(ig: number, nb: number, isrcproc: number, nprocs: number): number {
  return (isrcproc + Math.floor(ig / nb)) % nprocs
}

/**
 * Global index of the local index `il` of process `iproc`. Local.
 *
 * @param il (local) index, >= 0
 * @param nb (global) block size, >= 1
 * @param iproc (local) coordinate of the process, 0 <= iproc < nprocs
 * @param isrcproc (global) coordinate that holds the first block
 * @param nprocs (global) processes in this dimension
 */
export function indxl2g(il: number, nb: number, iproc: number, isrcproc: number, nprocs: number): number {
  return (Math.floor(il / nb) * nprocs + distance(iproc, isrcproc, nprocs)) * nb + (il % nb)
}

/**
 * Leading dimension of the local array: the smallest multiple of `align` that is at least max(1, nq) and not a
 * power of two. Local. Rows a power of two apart would fall into the same few cache sets.
 *
 * @param nq (local) columns held, >= 0
 * @param align (global) ALIGN of HPL.dat, in doubles, >= 1
 */
export function leadingDimension(nq: number, align: number): number {
  let ld = Math.ceil(Math.max(1, nq) / align) * align
  while (isPowerOfTwo(ld)) ld += align
  return ld
}

function isPowerOfTwo(n: number): boolean {
  return 2 ** Math.round(Math.log2(n)) === n
}
