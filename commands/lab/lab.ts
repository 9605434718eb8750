/**
 * What a lab is: questions, jobs, what to read from them, and what is checked. Invariant: a check compares the student's
 * results with a model and the student's answers with the student's results; never with an absolute speed. The labs
 * themselves are examples/labs/NN-name/check.ts. Layer below: zod.
 */
import { z } from 'zod'
import type { Figure } from './figures.ts'

/** A blank in answers.yaml. */
export interface Question<T = unknown> {
  readonly schema: z.ZodType<T>
  /** What is allowed, for messages: "a number > 0". */
  readonly expected: string
}

export type Questions = Readonly<Record<string, Question>>

/** What a filled-in section of answers.yaml holds. */
export type Answers<Q extends Questions> = { readonly [K in keyof Q]: z.infer<Q[K]['schema']> }

/** One job of a lab's measurement. */
export interface Job {
  /** For the progress: a few words. */
  readonly name: string
  /** Arguments of tsmpirun; it runs in the student's folder. */
  readonly args: readonly string[]
  /** Standard input. */
  readonly input?: string
  /** Whether the job may fail: then that it did is the result. */
  readonly mayFail?: boolean
}

/** How a job ended. */
export interface JobEnd {
  readonly job: Job
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Where a measurement takes place. */
export interface Place {
  /** The student's folder. */
  readonly folder: string
  /** The lab's own folder, with the untouched starter. */
  readonly source: string
  /** A rehearsal with the smallest sizes. */
  readonly quick: boolean
}

/** One line of the report. Notes are not graded. */
export interface Finding {
  readonly kind: 'right' | 'wrong' | 'note'
  readonly text: string
}

export interface Graded<R, P extends Questions, A extends Questions> {
  readonly results: R
  readonly prediction: Answers<P>
  readonly answers: Answers<A>
}

export interface Lab<R = unknown, P extends Questions = Questions, A extends Questions = Questions> {
  readonly title: string
  /** Length of `tsmpi lab run` on two cores, about. */
  readonly seconds: number
  /** To be answered before anything runs. */
  readonly predictions: P
  /** To be answered from what was measured. */
  readonly answers: A
  readonly results: z.ZodType<R>
  /** The measurement. @throws UsageError if a file of the student that says what to measure is wrong */
  jobs(place: Place): readonly Job[]
  /** Brings the outputs together; `results` checks what comes out. */
  collect(ended: readonly JobEnd[]): unknown
  /** Only called with results and answers that are well-formed. */
  check(work: Graded<R, P, A>): readonly Finding[]
  figures(results: R): readonly Figure[]
}

/** A lab with its types inferred; the driver sees `Lab`. */
export function defineLab<R, P extends Questions, A extends Questions>(lab: Lab<R, P, A>): Lab<R, P, A> {
  return lab
}

/** A number within bounds. */
export function number({ min = -Infinity, max = Infinity, unit = '' } = {}): Question<number> {
  const bounds = [...(Number.isFinite(min) ? [`${min}`] : []), ...(Number.isFinite(max) ? [`${max}`] : [])]
  const range = bounds.length === 2 ? ` from ${min} to ${max}` : Number.isFinite(min) ? ` >= ${min}` : ''
  return { schema: z.number().min(min).max(max), expected: `a number${range}${unit === '' ? '' : ` (${unit})`}` }
}

/** One of a few words. */
export function choice<const T extends string>(...options: readonly [T, ...T[]]): Question<T> {
  return { schema: z.enum(options), expected: `one of ${options.join(', ')}` }
}

/** Ranks in an order. */
export function ranks(): Question<number[]> {
  return { schema: z.array(z.int().min(0)).min(1), expected: 'ranks such as [0, 1]' }
}

/** Sentences: their presence is checked, what they say is for the teacher. */
export function sentences(words: number): Question<string> {
  const enough = (text: string): boolean => text.trim().split(/\s+/).length >= words
  return { schema: z.string().refine(enough), expected: `a text of ${words} words or more` }
}

/** A check with the words for either outcome. */
export function expect(ok: boolean, right: string, wrong: string): Finding {
  return ok ? { kind: 'right', text: right } : { kind: 'wrong', text: wrong }
}

/** Compares an answer with what the results give. */
export function expectNear(
  name: string,
  { answer, actual, tolerance, hint }: { answer: number; actual: number; tolerance: number; hint: string },
): Finding {
  const measured = Number.isInteger(actual) ? actual : Number(actual.toPrecision(3))
  return expect(
    Math.abs(answer - actual) <= tolerance,
    `${name}: ${answer}; your results give ${measured}`,
    `${name}: ${answer}, but your results give something else. ${hint}`,
  )
}

/** Compares a choice or another short answer with the right one, which is not told. */
export function expectAnswer(name: string, answer: unknown, right: boolean, hint: string): Finding {
  const said = Array.isArray(answer) ? `[${answer.join(', ')}]` : String(answer)
  return expect(right, `${name}: ${said}`, `${name}: ${said} is not what your results show. ${hint}`)
}

/** What was foreseen beside what was measured. */
export function comparePrediction(name: string, predicted: number | string, measured: number | string): Finding {
  const short = (value: number | string): string =>
    typeof value === 'number' ? String(Number(value.toPrecision(3))) : value
  return { kind: 'note', text: `${name}: you expected ${short(predicted)}, measured ${short(measured)}` }
}
