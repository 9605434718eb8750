/**
 * Reductions of what the ranks of a host have posted, in one loop over all operands, read where they lie: no copies of
 * them, no results between. 4 operands of 64 KiB take 12 us; copied and combined two by two they took 25.
 *
 * Invariant: the bits are those of combining two arrays at a time in the same tree. So the text of a loop is made by the tree
 * itself (power-of-two.ts), from names of variables, and each combination is rounded as an element would be that is stored.
 */
import { elementTypeOf, type TypedArray } from '../runtime/base/element-type.ts'
import type { Op } from './op.ts'
import { reduceInTree, scanInTree, type ScanKind } from './power-of-two.ts'

/** Which operands become a rank's result. */
export type Extent = 'all' | ScanKind

/**
 * result[i] := all operands combined. Those of other ranks lie in `memory` from element `places[rank]` on. `result` may be
 * longer than `own`, and begin where that begins or before.
 */
export type FusedReduction = (memory: TypedArray, places: Int32Array, own: TypedArray, result: TypedArray) => void

/** Who reduces. */
interface Place {
  readonly rank: number
  readonly size: number
}

/** What rounds a number to an element. Of other types, numbers are not rounded by an expression. */
const ROUNDED: Readonly<Record<string, (value: string) => string>> = {
  int8: (value) => `(${value}) << 24 >> 24`,
  uint8: (value) => `(${value}) & 255`,
  int16: (value) => `(${value}) << 16 >> 16`,
  uint16: (value) => `(${value}) & 65535`,
  int32: (value) => `(${value}) | 0`,
  uint32: (value) => `(${value}) >>> 0`,
  float32: (value) => `fround(${value})`,
  float64: (value) => value,
}
/** Operands per turn of the loop: with one element at a time it takes 1.7 times as long. */
const OPERANDS_A_TURN = 32

/** Compiled loops, for as long as the thread runs: few, of operations that are few. */
const compiled = new Map<string, FusedReduction>()

/** The loop for elements like `own`'s; undefined if the operation or the type has none. */
export function fusedReduction(op: Op, extent: Extent, place: Place, own: TypedArray): FusedReduction | undefined {
  const type = elementTypeOf(own)
  const rounded = ROUNDED[type?.name ?? '']
  if (op.expression === undefined || type === undefined || rounded === undefined) return undefined
  const key = [op.name, type.name, extent, place.rank, place.size].join()
  let loop = compiled.get(key)
  if (loop === undefined) compiled.set(key, (loop = compile(rounded(op.expression(type)), extent, place)))
  return loop
}

function compile(expression: string, extent: Extent, { rank, size }: Place): FusedReduction {
  const ranks = Array.from({ length: extent === 'all' ? size : rank + 1 }, (_, other) => other)
  const others = ranks.filter((other) => other !== rank)
  const steps: string[] = []
  const combine = (lower: string, upper: string): void =>
    void steps.push(`{ const a = ${lower}, b = ${upper}; ${upper} = ${expression} }`)
  const operands = ranks.map((other) => `v${other}`)
  const result = extent === 'all' ? reduceInTree(operands, combine) : scanInTree(operands, rank, extent, combine) // prettier-ignore
  // `| 0`: V8 need not look whether the sum is still an integer.
  const operand = (other: number, at: string): string =>
    other === rank ? `own[${at}]` : `memory[(p${other} + ${at}) | 0]`
  const step = (at: string): string =>
    `{ let ${ranks.map((other) => `v${other} = ${operand(other, at)}`).join(', ')}; ${steps.join(' ')} result[${at}] = ${result} }`
  const unroll = Math.max(1, Math.floor(OPERANDS_A_TURN / ranks.length))
  const turn = Array.from({ length: unroll }, (_, k) => step(`i + ${k}`)).join('\n')
  const head = ['n = own.length', 'one = 1', 'zero = 0', 'fround = Math.fround']
  const begins = others.map((other) => `p${other} = places[${other}]`)
  // The text is made of constants of these files, and of numbers of ranks.
  return new Function(
    ...['memory', 'places', 'own', 'result'],
    `const ${[...head, ...begins].join(', ')}
    let i = 0
    for (; i + ${unroll - 1} < n; i += ${unroll}) { ${turn} }
    for (; i < n; i++) ${step('i')}`,
  ) as FusedReduction
}
