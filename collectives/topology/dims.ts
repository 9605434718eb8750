/** Balanced factorizations of a number of processes (MPI_DIMS_CREATE; MPI 4.1, section 8.5.2). */
import { MpiError } from '../../runtime/base/errors.ts'
import { describe } from '../../runtime/base/message-buffer.ts'
import { checkArray } from '../arguments.ts'

/**
 * Extents of a grid of `nnodes` processes, as close to each other as possible and in descending order where this
 * function chooses. Local.
 *
 * @param nnodes processes of the grid, >= 1
 * @param dims number of dimensions, or one entry for each: an extent to keep, or 0 to be chosen
 * @throws {MpiError} MPI_ERR_DIMS if the given extents do not divide `nnodes`, or nothing is left to choose for the rest;
 *   MPI_ERR_ARG if `dims` is neither
 * @example
 * log(dimsCreate(12, 2), dimsCreate(12, [0, 2, 0])) // → [ 4, 3 ] [ 3, 2, 2 ]
 */
export function dimsCreate(nnodes: number, dims: number | readonly number[]): number[] {
  if (!Number.isInteger(nnodes) || nnodes < 1)
    throw new MpiError('MPI_ERR_DIMS', `dimsCreate: nnodes is ${describe(nnodes)}, expected an integer >= 1`)
  if (typeof dims !== 'number') checkArray('dimsCreate', 'dims', dims, 'a number of dimensions or an array of extents')
  const given = typeof dims === 'number' ? zeros(dims) : [...dims]
  const wrong = given.find((extent) => !Number.isInteger(extent) || extent < 0)
  if (wrong !== undefined)
    throw new MpiError('MPI_ERR_DIMS', `dimsCreate: an extent is ${describe(wrong)}, expected an integer >= 0`)

  const kept = given.reduce((product, extent) => product * (extent || 1), 1)
  const open = given.filter((extent) => extent === 0).length
  if (nnodes % kept !== 0 || (open === 0 && nnodes !== kept))
    throw new MpiError(
      'MPI_ERR_DIMS',
      `dimsCreate: ${nnodes} processes cannot fill a grid of [${given.join(', ')}], where 0 is free to choose`,
    )
  const chosen = balanced(nnodes / kept, open) as number[]
  return given.map((extent) => (extent === 0 ? (chosen.shift() as number) : extent))
}

function zeros(ndims: number): number[] {
  if (!Number.isInteger(ndims) || ndims < 1)
    throw new MpiError('MPI_ERR_DIMS', `dimsCreate: ndims is ${describe(ndims)}, expected an integer >= 1`)
  return new Array<number>(ndims).fill(0)
}

/**
 * The factorization of n into `count` factors, descending and none above `largest`, whose largest is smallest; among
 * those the one whose second largest is smallest, and so on. Undefined if there is none.
 */
function balanced(n: number, count: number, largest = n): number[] | undefined {
  if (count === 0) return n === 1 ? [] : undefined
  // No factor below the count-th root can be the largest.
  for (let factor = Math.max(1, Math.floor(n ** (1 / count) - 1e-9)); factor <= Math.min(n, largest); factor++) {
    if (n % factor !== 0 || factor ** count < n) continue
    const rest = balanced(n / factor, count - 1, factor)
    if (rest !== undefined) return [factor, ...rest]
  }
  return undefined
}
