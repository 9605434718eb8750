/**
 * What a sweep is to run. Invariant: the command line and a YAML file have the same keys and pass the same schema; every
 * mistake is told with the place it was read at, all of them together. Layer below: yaml-file.ts, hpl/parameters.ts.
 */
import { z } from 'zod'
import { BLAS_CHOICES } from '../../hpl/blas/select.ts'
import { BROADCASTS, FACTORISATIONS, MAPPINGS, STORAGE_FORMS, SWAPS } from '../../hpl/parameters.ts'
import { RECOMMENDED } from '../../hpl/single-test.ts'
import { UsageError } from '../../runtime/launcher/usage-error.ts'

/** A value or several; one by one in the messages. */
function several<T extends z.ZodType>(item: T) {
  return z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(item).min(1, 'expected a value'))
}

function whole(least: number) {
  const text = `expected a whole number >= ${least}`
  return z.int(text).min(least, text)
}

/** A name, or its code in HPL.dat. */
function named<T extends string>(names: readonly T[]) {
  const text = `expected ${names.map((name, code) => `${name} (${code})`).join(', ')}`
  return z.preprocess((value) => (typeof value === 'number' ? names[value] : value), z.enum(names, text))
}

const word = z.string('expected a text').min(1, 'expected a text')

const gridSchema = z
  .string('expected a grid such as 2x4')
  .regex(/^[1-9]\d*x[1-9]\d*$/, 'expected a grid such as 2x4')
  .transform((text) => {
    const [p, q] = text.split('x').map(Number) as [number, number]
    return { p, q }
  })

const equilibration = z.preprocess(
  (value) => ({ yes: true, no: false, 1: true, 0: false })[String(value)] ?? value,
  z.boolean('expected yes or no'),
)

const listShape = {
  n: several(whole(0)),
  nb: several(whole(1)),
  grid: several(gridSchema),
  pmap: several(named(MAPPINGS)),
  pfact: several(named(FACTORISATIONS)),
  nbmin: several(whole(1)),
  ndiv: several(whole(2)),
  rfact: several(named(FACTORISATIONS)),
  bcast: several(named(BROADCASTS)),
  depth: several(whole(0)),
  swap: several(named(SWAPS)),
  'swap-threshold': several(whole(0)),
  l1: several(named(STORAGE_FORMS)),
  u: several(named(STORAGE_FORMS)),
  equil: several(equilibration),
}

const singleShape = {
  threshold: z.number('expected a number'),
  align: whole(1),
  repeat: whole(1),
  output: word,
  blas: z.enum(BLAS_CHOICES, `expected ${BLAS_CHOICES.join(', ')}`),
  'blas-library': word.optional(),
  'rate-limit': z.number('expected Gflops of a rank, a number > 0').positive().optional(),
  tuned: z.boolean('expected true or false').optional(),
  'warm-up': z.boolean('expected true or false').optional(),
  hostfile: word.optional(),
  host: word.optional(),
  exclude: word.optional(),
  'map-by': word.optional(),
  'rank-by': word.optional(),
  'bind-to': word.optional(),
  transport: z.enum(['auto', 'zmq'], 'expected auto or zmq').optional(),
  'emulate-hosts': whole(1).optional(),
  emulate: word.optional(),
  'slow-host': word.optional(),
  'ranks-per-agent': whole(1).optional(),
  'agent-command': word.optional(),
  'ssh-command': word.optional(),
  'start-timeout': z.union([z.number().positive(), word], 'expected seconds, or a time such as "1 min"').optional(),
  interface: word.optional(),
  ports: z.union([whole(1), word], 'expected a port or FIRST-LAST').optional(),
  encryption: z.enum(['on', 'off'], 'expected on or off').optional(),
  x: several(word).optional(),
  timeout: z.union([z.number().positive(), word], 'expected seconds, or a time such as "5 min"').optional(),
}

/** Keys whose values come as lists, on the command line with commas. */
export const LIST_KEYS = Object.keys(listShape)
/** All keys: those of a YAML file, and the options of the command but --file, --dry-run and --help. */
export const KEYS = [...LIST_KEYS, ...Object.keys(singleShape)]

const { variant, settings } = RECOMMENDED
const DEFAULTS = {
  ...variant,
  nb: 128,
  pmap: 'row',
  swap: settings.swap,
  'swap-threshold': settings.swapThreshold,
  l1: settings.l1,
  u: settings.u,
  equil: settings.equilibrate,
  align: settings.align,
  threshold: settings.threshold,
  repeat: 1,
  output: 'hpl-results.jsonl',
  blas: 'auto',
}

const REQUIRED = ['n', 'grid']

const specificationSchema = z.strictObject({ ...listShape, ...singleShape })

/** What a sweep is to run, checked, with every default in its place. */
export type Specification = z.infer<typeof specificationSchema>

/** Where the values of some keys come from. */
export interface Source {
  /** Values as they were read, by key. */
  readonly values: Readonly<Record<string, unknown>>
  /** Says where a value was read: a prefix for a message. */
  where(path: readonly PropertyKey[]): string
}

/**
 * Checks what was given. Local.
 *
 * @param sources later ones go before earlier ones, key by key
 * @throws UsageError with a line for every mistake
 */
export function checkSpecification(sources: readonly Source[]): Specification {
  const given: Record<string, unknown> = Object.assign({}, ...sources.map(({ values }) => values))
  const parsed = specificationSchema.safeParse({ ...DEFAULTS, ...given })
  const missing = REQUIRED.filter((key) => given[key] === undefined)
  const problems = missing.map((key) => `--${key} is missing: give it on the command line or in the file of --file`)
  const issues = (parsed.error?.issues ?? []).filter(({ path }) => !missing.includes(String(path[0])))
  problems.push(...issues.flatMap((issue) => describeIssue(issue, given, sources)))
  if (given['hostfile'] !== undefined && given['host'] !== undefined)
    problems.push('--hostfile and --host: give one of the two')
  if (problems.length > 0 || parsed.data === undefined) throw new UsageError(problems)
  return parsed.data
}

function describeIssue(
  issue: z.core.$ZodIssue,
  given: Readonly<Record<string, unknown>>,
  sources: readonly Source[],
): string[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `${placeOf([key], sources)} is unknown; expected one of ${KEYS.join(', ')}`)
  const read = issue.path.reduce<unknown>(
    (value, step) => (Array.isArray(value) ? value[step as number] : isRecord(value) ? value[String(step)] : value),
    given,
  )
  return [`${placeOf(issue.path, sources)}: read ${JSON.stringify(read)}, ${issue.message}`]
}

/** The last source that has the key is the one that was used. */
function placeOf(path: readonly PropertyKey[], sources: readonly Source[]): string {
  return sources.findLast(({ values }) => values[String(path[0])] !== undefined)?.where(path) ?? String(path[0])
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** Options as yargs gives them: lists are split at their commas, numbers become numbers. Local. */
export function commandLineSource(options: Readonly<Record<string, unknown>>): Source {
  const entries = KEYS.flatMap((key) => {
    const value = options[key]
    if (value === undefined) return []
    return [[key, LIST_KEYS.includes(key) ? [value].flat().flatMap(splitList) : scalar(value)]]
  })
  return { values: Object.fromEntries(entries) as Record<string, unknown>, where: ([key]) => `--${String(key)}` }
}

function splitList(value: unknown): unknown[] {
  return String(value)
    .split(',')
    .map((item) => scalar(item.trim()))
}

function scalar(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value
}
