/**
 * What the checks of the collective calls share: who collects what went wrong, and what each rank contributes.
 */
import type { Intracomm } from '../../index.ts'

/** Elements: none, one, fewer than ranks, odd, several segments of a pipeline of doubles. */
export const LENGTHS = [0, 1, 3, 64, 1001]

/** Collective over its communicator; leaves it clean and adds what went wrong. */
export type Check = (comm: Intracomm, failures: Failures) => Promise<void>

/** What has gone wrong, as sentences. */
export class Failures {
  readonly list: string[] = []
  readonly #where: string

  constructor(where: string) {
    this.#where = where
  }

  /** Two values must print alike; of two arrays only the first difference is told. */
  same(what: string, actual: unknown, expected: unknown): void {
    if (ArrayBuffer.isView(actual) && (ArrayBuffer.isView(expected) || Array.isArray(expected))) {
      const [got, want] = [actual as Float64Array, expected as Float64Array]
      if (got.length === want.length) {
        const at = firstDifference(got, want)
        if (at >= 0) this.#add(`${what}, element ${at}`, text(got[at]), text(want[at]))
        return
      }
    }
    const [got, want] = [text(actual), text(expected)]
    if (got !== want) this.#add(what, short(got), short(want))
  }

  #add(what: string, got: string, want: string): void {
    this.list.push(`${this.#where}: ${what} is ${got}, expected ${want}`)
  }
}

function firstDifference(a: Float64Array, b: Float64Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return i
  return -1
}

export function text(value: unknown): string {
  const plain = ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value
  return JSON.stringify(plain, (_, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item)) ?? 'undefined'
}

function short(value: string): string {
  return value.length > 120 ? `${value.slice(0, 120)}…` : value
}

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
/** Element i of what `rank` contributes: small integers, so that all sums and products are exact. */
export const element = (rank: number, i: number): number => ((rank * 7 + i * 3) % 11) - 5
export function contribution(rank: number, n: number): Float64Array {
  const array = new Float64Array(n)
  for (let i = 0; i < n; i++) array[i] = element(rank, i)
  return array
}
export function concatenated(size: number, n: number): Float64Array {
  const array = new Float64Array(size * n)
  for (let rank = 0; rank < size; rank++) array.set(contribution(rank, n), rank * n)
  return array
}
export function reduced(ranks: number[], n: number): Float64Array {
  const array = new Float64Array(n)
  for (const rank of ranks) for (let i = 0; i < n; i++) array[i] = (array[i] as number) + element(rank, i)
  return array
}
export const sum = (a: number, b: number): number => a + b
