/**
 * The files that a report is made of: result files of HPL (sweeps and walls too), traces, and the benchmarks' JSON. A file
 * is known by its content. Invariant: whatever is wrong with any of the files is told at once. Layer below:
 * hpl/results/, benchmark.ts, timeline/trace.ts.
 */
import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { readResults } from '../hpl/results/reader.ts'
import type { ResultLine } from '../hpl/results/schema.ts'
import { parseBenchmark, type Benchmark } from './benchmark.ts'
import { parseTrace, type Trace } from './timeline/trace.ts'

export interface Inputs {
  readonly files: readonly InputFile[]
  /** Of all result files, in their order. */
  readonly results: readonly ResultLine[]
  readonly traces: readonly Trace[]
  readonly benchmarks: readonly Benchmark[]
  /** A line for each mistake. */
  readonly problems: readonly string[]
}

export interface InputFile {
  readonly name: string
  /** In words: `36 tests of HPL`. */
  readonly content: string
}

type Content =
  | { readonly kind: 'results'; readonly lines: readonly ResultLine[]; readonly torn: boolean }
  | { readonly kind: 'trace'; readonly trace: Trace }
  | { readonly kind: 'benchmark'; readonly benchmark: Benchmark }
  | { readonly kind: 'problems'; readonly problems: readonly string[] }

/** A text cannot be longer in V8, and what is made of it takes several times as much. */
const LARGEST_MB = 400

/** Reads all files. Local. */
export function readInputs(paths: readonly string[]): Inputs {
  const contents = paths.map((path) => ({ name: basename(path), ...readOne(path) }))
  const of = <K extends Content['kind']>(kind: K) =>
    contents.filter((one): one is Extract<Content, { kind: K }> & { name: string } => one.kind === kind)
  return {
    files: contents.map((one) => ({ name: one.name, content: describe(one) })),
    results: of('results').flatMap(({ lines }) => lines),
    traces: of('trace').map(({ trace }) => trace),
    benchmarks: of('benchmark').map(({ benchmark }) => benchmark),
    problems: of('problems').flatMap(({ problems }) => problems),
  }
}

function readOne(path: string): Content {
  try {
    const megabytes = statSync(path).size / 1e6
    if (megabytes > LARGEST_MB)
      return problem(`${path}: ${Math.round(megabytes)} MB, expected at most ${LARGEST_MB} MB; trace a shorter run`)
    return contentOf(readFileSync(path, 'utf8'), path)
  } catch (error) {
    return problem(`${path} cannot be read: ${(error as Error).message}`)
  }
}

/** What a text is. Local. @param file its name, for messages */
export function contentOf(text: string, file: string): Content {
  const begin = text.slice(0, 400).trimStart()
  if (begin === '') return problem(`${file}: is empty`)
  if (begin.startsWith('[')) {
    const trace = parseTrace(text, basename(file))
    return typeof trace === 'string' ? problem(`${file}: ${trace}`) : { kind: 'trace', trace }
  }
  const value = begin.includes('"tsmpi-hpl"') ? undefined : parseJson(text)
  if (value !== undefined) {
    const benchmark = parseBenchmark(value, basename(file))
    return benchmark === undefined ? problem(unknown(file)) : { kind: 'benchmark', benchmark }
  }
  const { lines, problems, tornBytes } = readResults(text.endsWith('\n') ? text : `${text}\n`, file)
  if (problems.length > 0) {
    // An interrupted writer leaves half a line at the end; what is before it counts.
    const torn = !text.endsWith('\n') && problems.length === 1 && lines.length > 0
    if (!torn) return { kind: 'problems', problems: lines.length === 0 ? [unknown(file), ...problems.slice(0, 1)] : problems } // prettier-ignore
  }
  return { kind: 'results', lines, torn: tornBytes > 0 || problems.length > 0 }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function unknown(file: string): string {
  return `${file}: expected results of hpl --json, tsmpi hpl sweep or tsmpi wall, a trace of tsmpirun --trace, or the --json of a benchmark of scripts/bench`
}

function problem(text: string): Content {
  return { kind: 'problems', problems: [text] }
}

function describe(content: Content): string {
  switch (content.kind) {
    case 'results':
      return `${count(content.lines.length, 'test')} of HPL${content.torn ? '; the last line was not complete' : ''}`
    case 'trace':
      return `trace of ${count(content.trace.ranks.length, 'rank')}, ${count(content.trace.total.slices, 'call')}`
    case 'benchmark':
      return `benchmark: ${content.benchmark.title}`
    case 'problems':
      return content.problems.join('; ')
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
