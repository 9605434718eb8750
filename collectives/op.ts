/**
 * Reduction operations (MPI 4.1, section 6.9): how two arrays of elements become one.
 *
 * Invariant: an operation combines `incoming`, which comes from lower ranks, with `accumulator` into `accumulator`, in
 * that order, whatever the algorithm; so a non-commutative operation is applied in rank order, and rounding depends on
 * the algorithm only, never on which rank computes.
 */
import {
  ELEMENT_TYPES,
  elementTypeOf,
  FAILURE,
  OBJECT,
  type ElementType,
  type TypedArray,
} from '../runtime/base/element-type.ts'
import { MpiError } from '../runtime/base/errors.ts'
import { describe } from '../runtime/base/message-buffer.ts'
import type { Channel } from '../runtime/comm/channel.ts'
import type { BuiltInName } from '../runtime/base/signature.ts'

/**
 * accumulator[i] := incoming[i] op accumulator[i] for all i, `incoming` unchanged; same type, same length.
 *
 * @example
 * const keepLower: ReduceFunction = (incoming, accumulator) => accumulator.set(incoming as never)
 * log(await world.allreduce(world.rank + 5, { op: Op.create(keepLower) })) // → 5
 */
export type ReduceFunction = (incoming: TypedArray, accumulator: TypedArray) => void

/**
 * What is known of a user's operation.
 *
 * @example
 * const options: OpOptions = { commutative: true, unit: 1, name: 'farthest' }
 * const farther = (x: number, y: number): number => (Math.abs(x) > Math.abs(y) ? x : y)
 * const farthest = Op.create((a, b) => void b.forEach((y, i) => (b[i] = farther(Number(a[i]), Number(y)))), options)
 * log(await world.allreduce(1 - 2 * world.rank, { op: farthest })) // → -5
 */
export interface OpOptions {
  /** True if a op b equals b op a; then algorithms may choose the order. Default false: strict rank order. */
  readonly commutative?: boolean
  /** For error messages. Default 'user operation'. */
  readonly name?: string
  /**
   * Elements that belong together, as 2 for pairs: algorithms split long arrays at multiples of it only. Default: the
   * function always gets the whole array.
   */
  readonly unit?: number
}

/** Marks operations, also those of another copy of this package in the program's node_modules. */
const BRAND: unique symbol = Symbol.for('tsmpi.Op')

/** A reduction operation: one of the constants below, or a user's from `Op.create`. Immutable. */
export class Op {
  readonly [BRAND] = true
  readonly name: string
  readonly commutative: boolean
  /** Arrays are split at multiples of this many elements only; Infinity: never. */
  readonly unit: number
  /** True for BAND, BOR, BXOR: defined on integers only. */
  readonly bitwise: boolean
  /** True for the constants below, which never throw. */
  readonly builtIn: boolean
  /** What combines elements `a` and `b`, of built-in operations that see one of each at a time. @internal */
  readonly expression: ((type: ElementType) => string) | undefined
  readonly #compile: (type: ElementType) => ReduceFunction
  /** Compiled on first use. */
  readonly #functions: (ReduceFunction | undefined)[] = []

  /** Users call `Op.create`. @internal */
  constructor(
    properties: Pick<Op, 'name' | 'commutative' | 'unit' | 'bitwise' | 'builtIn'> & Partial<Pick<Op, 'expression'>>,
    compile: (type: ElementType) => ReduceFunction,
  ) {
    this.name = properties.name
    this.commutative = properties.commutative
    this.unit = properties.unit
    this.bitwise = properties.bitwise
    this.builtIn = properties.builtIn
    this.expression = properties.expression
    this.#compile = compile
  }

  /**
   * An operation of your own; it must be associative. Local.
   * If it throws on one rank, the call fails on all of them at its end, and the communicator can still be used.
   *
   * @param reduce accumulator := incoming op accumulator, where incoming comes from lower ranks
   * @throws {MpiError} MPI_ERR_OP if `reduce` is no function, or an async one, MPI_ERR_ARG if `unit` is no positive number
   * @example
   * const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))
   * const op = Op.create((a, b) => void b.forEach((y, i) => (b[i] = gcd(Number(a[i]), Number(y)))), {
   *   commutative: true,
   *   unit: 1,
   *   name: 'gcd',
   * })
   * log(await world.allreduce(6 * (world.rank + 1), { op })) // → 6
   */
  static create(reduce: ReduceFunction, options: OpOptions = {}): Op {
    const { commutative = false, name = 'user operation', unit = Infinity } = options
    checkFunction('Op.create', reduce, 'a function')
    if (!(unit === Infinity || (Number.isInteger(unit) && unit > 0)))
      throw new MpiError('MPI_ERR_ARG', `Op.create: unit is ${describe(unit)}, expected a positive integer or Infinity`)
    return new Op({ name, commutative, unit, bitwise: false, builtIn: false }, () => reduce)
  }

  /** The operation as one call uses it: of what it throws, only the call hears, at its end (comm/call-failure.ts). Local. @internal */
  within(channel: Channel): Op {
    if (this.builtIn) return this
    const attempt: ReduceFunction = (incoming, accumulator) => channel.attempt(() => this.apply(incoming, accumulator))
    const { name, commutative, unit, bitwise, builtIn } = this
    return new Op({ name, commutative, unit, bitwise, builtIn }, () => attempt)
  }

  /**
   * accumulator := incoming op accumulator. The arrays must be of the same type and length, which is not checked. Local.
   *
   * @example
   * const sum = Int32Array.of(1, 2)
   * SUM.apply(Int32Array.of(10, 20), sum)
   * log(sum.join()) // → 11,22
   */
  apply(incoming: TypedArray, accumulator: TypedArray): void {
    this.functionFor(accumulator)(incoming, accumulator)
  }

  /** The loop for the element type of `array`, for callers that apply it many times. Local. @internal */
  functionFor(array: TypedArray): ReduceFunction {
    const type = elementTypeOf(array) as ElementType
    return (this.#functions[type.code] ??= this.#compile(type))
  }
}

/** Elements per turn of the loop: 8 take half the time of 1 (174 against 325 us for sums of 2 MiB). */
const UNROLL = 8

/**
 * A built-in operation from the expression, by element type, that combines `a` (incoming) and `b` (accumulator).
 *
 * The loop is compiled from text, once for each element type: V8 keeps type feedback per function, so that a loop
 * written once would turn megamorphic, and several times slower, after the fourth element type.
 */
function elementwise(name: BuiltInName, expression: (type: ElementType) => string, bitwise = false): Op {
  const properties = { name, commutative: true, unit: 1, bitwise, builtIn: true, expression }
  return new Op(properties, (type) => compile(type, loopOf(expression(type))))
}

function loopOf(expression: string): string {
  const step = (at: string): string => `{ const a = x[${at}], b = y[${at}]; y[${at}] = ${expression} }`
  const turn = Array.from({ length: UNROLL }, (_, k) => step(`i + ${k}`)).join(' ')
  return `let i = 0; for (; i + ${UNROLL - 1} < n; i += ${UNROLL}) { ${turn} } for (; i < n; i++) ${step('i')}`
}

/** A product of 32-bit integers takes up to 64 bits, a number has 53: its last bits would be lost before it wraps. */
function product({ name }: ElementType): string {
  return name === 'int32' || name === 'uint32' ? 'Math.imul(a, b)' : 'a * b'
}

/** MINLOC, MAXLOC: pairs (value, index); `wins` decides whether a (incoming) replaces b; equal values keep the lower index. */
function pairwise(name: BuiltInName, wins: string): Op {
  const body = `for (let i = 0; i < n; i += 2) {
    const a = x[i], b = y[i]
    if (${wins} || (a === b && x[i + 1] < y[i + 1])) { y[i] = a; y[i + 1] = x[i + 1] }
  }`
  return new Op({ name, commutative: true, unit: 2, bitwise: false, builtIn: true }, (type) => compile(type, body))
}

function compile(type: ElementType, body: string): ReduceFunction {
  const one = type.name.startsWith('big') ? '1n' : '1'
  const zero = type.name.startsWith('big') ? '0n' : '0'
  // The text is made of constants of this file only.
  return new Function('x', 'y', `const n = y.length, one = ${one}, zero = ${zero}; ${body}`) as ReduceFunction
}

/**
 * Sum.
 *
 * @example
 * log(await world.allreduce(world.rank, { op: SUM })) // → 6
 */
export const SUM = elementwise('SUM', () => 'a + b')
/**
 * Product. Those of integers wrap as their type does.
 *
 * @example
 * log(await world.allreduce(world.rank + 1, { op: PROD })) // → 24
 */
export const PROD = elementwise('PROD', product)
/**
 * Smaller of two.
 *
 * @example
 * log(await world.allreduce(world.rank, { op: MIN })) // → 0
 */
export const MIN = elementwise('MIN', () => 'a < b ? a : b')
/**
 * Larger of two.
 *
 * @example
 * log(await world.allreduce(world.rank, { op: MAX })) // → 3
 */
export const MAX = elementwise('MAX', () => 'a > b ? a : b')
/**
 * Logical and: every element but 0 is true; gives 1 or 0.
 *
 * @example
 * log(await world.allreduce(world.rank, { op: LAND })) // → 0
 */
export const LAND = elementwise('LAND', () => 'a && b ? one : zero')
/**
 * Logical or, as LAND.
 *
 * @example
 * log(await world.allreduce(world.rank, { op: LOR })) // → 1
 */
export const LOR = elementwise('LOR', () => 'a || b ? one : zero')
/**
 * Logical exclusive or, as LAND.
 *
 * @example
 * log(await world.allreduce(world.rank, { op: LXOR })) // → 1
 */
export const LXOR = elementwise('LXOR', () => '!a !== !b ? one : zero')
/**
 * Bitwise and, of integers.
 *
 * @example
 * log(await world.allreduce(world.rank + 4, { op: BAND })) // → 4
 */
export const BAND = elementwise('BAND', () => 'a & b', true)
/**
 * Bitwise or, of integers.
 *
 * @example
 * log(await world.allreduce(2 ** world.rank, { op: BOR })) // → 15
 */
export const BOR = elementwise('BOR', () => 'a | b', true)
/**
 * Bitwise exclusive or, of integers.
 *
 * @example
 * log(await world.allreduce(world.rank + 1, { op: BXOR })) // → 4
 */
export const BXOR = elementwise('BXOR', () => 'a ^ b', true)
/**
 * Smallest value and its index, of (value, index) pairs that alternate in one array.
 *
 * @example
 * const lowest = new Float64Array(2)
 * await world.allreduce(Float64Array.of((world.rank - 2) ** 2, world.rank), lowest, { op: MINLOC })
 * log(lowest.join()) // → 0,2
 */
export const MINLOC = pairwise('MINLOC', 'a < b')
/**
 * Largest value and its index, of (value, index) pairs that alternate in one array.
 *
 * @example
 * const highest = new Float64Array(2)
 * await world.allreduce(Float64Array.of((world.rank - 2) ** 2, world.rank), highest, { op: MAXLOC })
 * log(highest.join()) // → 4,0
 */
export const MAXLOC = pairwise('MAXLOC', 'a > b')

/** @throws {MpiError} MPI_ERR_OP if `combine` is no function, or one whose result nobody would wait for */
export function checkFunction(call: string, combine: unknown, expected: string): void {
  const seen =
    typeof combine === 'function' && combine.constructor.name === 'AsyncFunction' ? 'async' : describe(combine)
  if (typeof combine !== 'function' || seen === 'async')
    throw new MpiError('MPI_ERR_OP', `${call}: the operation is ${seen}, expected ${expected}`)
}

function isOp(value: unknown): value is Op {
  return typeof value === 'object' && value !== null && BRAND in value
}

/** @throws {MpiError} MPI_ERR_OP, MPI_ERR_COUNT if `op` cannot reduce arrays like `array` */
export function checkOp(call: string, op: Op, array: TypedArray): void {
  if (!isOp(op))
    throw new MpiError('MPI_ERR_OP', `${call}: op is ${describe(op)}, expected SUM, MAX, … or an Op of Op.create`)
  const type = elementTypeOf(array) as ElementType
  if (op.bitwise && type.name.startsWith('float'))
    throw new MpiError('MPI_ERR_OP', `${call}: ${op.name} is not defined on ${type.name}, expected ${integerTypes()}`)
  if (op.unit !== Infinity && array.length % op.unit !== 0)
    throw new MpiError(
      'MPI_ERR_COUNT',
      `${call}: ${op.name} takes elements in groups of ${op.unit}, the buffer holds ${array.length}`,
    )
}

/**
 * Blocks of a reduced vector must cover it and keep what belongs together.
 *
 * @throws {MpiError} MPI_ERR_COUNT if they do not
 */
export function checkCounts(call: string, op: Op, counts: readonly number[], total: number): void {
  const odd = counts.find(
    (count) => !(Number.isInteger(count) && count >= 0) || (op.unit !== Infinity && count % op.unit !== 0),
  )
  if (odd !== undefined)
    throw new MpiError(
      'MPI_ERR_COUNT',
      `${call}: a block has ${odd} elements, expected ${op.unit === Infinity ? 'an integer >= 0' : `a multiple of ${op.unit} for ${op.name}`}`,
    )
  const sum = counts.reduce((sum, count) => sum + count, 0)
  if (sum !== total)
    throw new MpiError('MPI_ERR_COUNT', `${call}: the blocks have ${sum} elements, the send buffer holds ${total}`)
}

function integerTypes(): string {
  return ELEMENT_TYPES.filter((type) => type !== OBJECT && type !== FAILURE)
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('float'))
    .join(', ')
}
