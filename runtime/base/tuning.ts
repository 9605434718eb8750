/**
 * What a job may be told about the algorithms of its collectives: names, rules that choose between them, and the file that
 * `tsmpi tune` writes and `tsmpirun --tuning` reads. Here, below everything, because the launcher checks what is asked
 * for before it starts anything, and the collectives, which do it, are above the launcher's reach.
 */

/** All algorithms by collective, as users name them. collectives/selection.ts has what they stand for. */
export const ALGORITHM_NAMES = {
  barrier: ['dissemination', 'central', 'two-level'],
  bcast: [
    'binomial',
    'k-nomial',
    'scatter-ring-allgather',
    'pipelined-chain',
    'shared-heap',
    'two-level',
    'work-sharing',
  ],
  allreduce: [
    'recursive-doubling',
    'rabenseifner',
    'rabenseifner-ordered',
    'ring',
    'shared-heap',
    'two-level',
    'two-level-split',
    'work-sharing',
  ],
  allgather: ['recursive-doubling', 'bruck', 'ring'],
  alltoall: ['bruck', 'pairwise'],
  gather: ['linear', 'binomial'],
  scatter: ['linear', 'binomial'],
  reduce: ['binomial', 'folded-binomial', 'ring-gather', 'work-sharing'],
  reduceScatter: ['recursive-halving', 'ring', 'reduce-then-scatter'],
  scan: ['recursive-doubling', 'pipelined-chain', 'work-sharing'],
} as const

/** Collectives that have a choice of algorithms. */
export type Selectable = keyof typeof ALGORITHM_NAMES
/** The algorithms of a collective. */
export type AlgorithmName<K extends Selectable = Selectable> = (typeof ALGORITHM_NAMES)[K][number]

/**
 * Algorithms to use whatever the table says; the same on all ranks of a communicator.
 *
 * @example
 * const algorithms: Algorithms = { allreduce: 'ring', barrier: 'dissemination' }
 * const forced = await world.dup({ algorithms })
 * log(await forced.allreduce(1, { op: SUM })) // → 4
 * forced.free()
 */
export type Algorithms = { readonly [K in Selectable]?: AlgorithmName<K> }

/** Names an algorithm for the calls that it fits; it fits if all that it says holds. */
export interface Rule<K extends Selectable = Selectable> {
  /** Bytes of the whole vector. */
  readonly minNbytes?: number
  readonly maxNbytes?: number
  /** Bytes of one of `size` blocks. */
  readonly maxBlockNbytes?: number
  readonly minSize?: number
  readonly maxSize?: number
  readonly powerOfTwo?: boolean
  /** True: all ranks on one host; false: on several. */
  readonly oneHost?: boolean
  readonly algorithm: AlgorithmName<K>
}

/** Rules by collective; the first that fits is taken, and the built-in ones come after. */
export type Tuning = { readonly [K in Selectable]?: readonly Rule<K>[] }

/** What the launcher tells all ranks of a job. */
export interface JobSelection {
  readonly forced?: Algorithms
  readonly tuned?: Tuning
}

/** The content of a tuning file. */
export interface TuningFile {
  /** Says what the file is, and its version. */
  readonly tsmpiTuning: 1
  /** For people: where and when it was measured. */
  readonly measured: Readonly<Record<string, unknown>>
  readonly rules: Tuning
}

const RULE_FIELDS: Readonly<Record<string, 'number' | 'boolean'>> = {
  minNbytes: 'number',
  maxNbytes: 'number',
  maxBlockNbytes: 'number',
  minSize: 'number',
  maxSize: 'number',
  powerOfTwo: 'boolean',
  oneHost: 'boolean',
}

/** Every problem of a choice such as { allreduce: 'ring' }, as text that names what is allowed. */
export function problemsOfAlgorithms(algorithms: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(algorithms).flatMap(([collective, name]) => problemOfName(collective, name) ?? [])
}

function problemOfName(collective: string, name: unknown): string | undefined {
  const names: readonly string[] | undefined = (ALGORITHM_NAMES as Record<string, readonly string[]>)[collective]
  if (names?.includes(name as string) === true) return undefined
  const seen = name === undefined ? 'no algorithm' : `'${String(name)}'`
  return `${collective}: ${seen}, expected ${names === undefined ? 'a collective of' : 'one of'} ${(names ?? Object.keys(ALGORITHM_NAMES)).join(', ')}`
}

/** The rules of a tuning file, or every problem of it. */
export function parseTuning(text: string): { readonly rules: Tuning; readonly problems: readonly string[] } {
  let file: Partial<TuningFile> | null
  try {
    file = JSON.parse(text) as Partial<TuningFile> | null
  } catch (error) {
    return { rules: {}, problems: [`is no JSON: ${(error as Error).message}`] }
  }
  if (typeof file !== 'object' || file?.tsmpiTuning !== 1 || typeof file.rules !== 'object')
    return { rules: {}, problems: ['is no tuning file, expected what "tsmpi tune" writes ("tsmpiTuning": 1, "rules")'] }
  const rules = file.rules
  const problems = Object.entries(rules).flatMap(([collective, list]) =>
    Array.isArray(list)
      ? list.flatMap((rule, index) => problemsOfRule(collective, rule).map((it) => `${collective}[${index}]: ${it}`))
      : [`${collective}: expected a list of rules`],
  )
  return { rules, problems }
}

function problemsOfRule(collective: string, rule: unknown): string[] {
  if (typeof rule !== 'object' || rule === null) return [`${JSON.stringify(rule)} is no rule`]
  const { algorithm, ...facts } = rule as Record<string, unknown>
  const wrong = Object.entries(facts)
    .filter(([field, value]) => typeof value !== RULE_FIELDS[field])
    .map(([field, value]) =>
      field in RULE_FIELDS
        ? `${field} is ${JSON.stringify(value)}, expected a ${RULE_FIELDS[field]}`
        : `"${field}" is unknown, expected ${Object.keys(RULE_FIELDS).join(', ')} or algorithm`,
    )
  const name = problemOfName(collective, algorithm)
  return name === undefined ? wrong : [...wrong, name]
}
