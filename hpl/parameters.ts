/**
 * What an HPL.dat asks for. Invariant: the names stand in the order of their codes in the file, so that a code is
 * an index and the other way round. Nothing below it.
 */

/** Panel factorisation variants; the index is the PFACT and RFACT code. */
export const FACTORISATIONS = ['left', 'crout', 'right'] as const
/** Panel broadcast topologies; the index is the BCAST code. */
export const BROADCASTS = ['1ring', '1ringM', '2ring', '2ringM', 'long', 'longM'] as const
/** Row interchange algorithms; the index is the SWAP code. */
export const SWAPS = ['binary-exchange', 'spread-roll', 'mix'] as const
/** Storage of L1 and U; the index is the code. */
export const STORAGE_FORMS = ['transposed', 'no-transposed'] as const
/** Order of the ranks in the grid; the index is the PMAP code. */
export const MAPPINGS = ['row', 'column'] as const

export type Factorisation = (typeof FACTORISATIONS)[number]
export type BroadcastTopology = (typeof BROADCASTS)[number]
export type SwapAlgorithm = (typeof SWAPS)[number]
export type StorageForm = (typeof STORAGE_FORMS)[number]
export type Mapping = (typeof MAPPINGS)[number]

/** Largest number of values in any list of HPL.dat. */
export const MAX_VALUES = 20

/** DEVICE codes with a meaning of their own; all others write to the output file. */
export const DEVICE_STDOUT = 6
export const DEVICE_STDERR = 7

/** A process grid of p rows and q columns. */
export interface GridShape {
  readonly p: number
  readonly q: number
}

/**
 * A whole HPL.dat after checking. The tests are all combinations of the lists; everything else holds for the
 * whole file.
 */
export interface HplParameters {
  /** Name of the output file; used only if device is neither 6 nor 7. */
  readonly outputFile: string
  /** 6 standard output, 7 standard error, anything else the output file. */
  readonly device: number
  /** Orders of the matrix, each >= 0. */
  readonly n: readonly number[]
  /** Block sizes, each >= 1. */
  readonly nb: readonly number[]
  readonly pmap: Mapping
  readonly grids: readonly GridShape[]
  /** A test passes if its scaled residual is below; 0 or less switches the check off. */
  readonly threshold: number
  readonly pfact: readonly Factorisation[]
  /** Columns at which the recursion of the panel factorisation stops, each >= 1. */
  readonly nbmin: readonly number[]
  /** Parts a panel is split into per recursion, each >= 2. */
  readonly ndiv: readonly number[]
  readonly rfact: readonly Factorisation[]
  readonly bcast: readonly BroadcastTopology[]
  /** Look-ahead depths, each >= 0. */
  readonly depth: readonly number[]
  readonly swap: SwapAlgorithm
  /** Columns up to which 'mix' exchanges binarily, >= 0. */
  readonly swapThreshold: number
  readonly l1: StorageForm
  readonly u: StorageForm
  readonly equilibrate: boolean
  /** Alignment of local arrays in doubles, >= 1. */
  readonly align: number
}
