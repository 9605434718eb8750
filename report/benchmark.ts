/**
 * The benchmarks' JSON (scripts/bench) in two forms: values over message sizes, and samples under names. Layer below: zod.
 */
import { z } from 'zod'

/** What a benchmark measured. */
export type Benchmark = SizeBenchmark | SampleBenchmark

export interface SizeBenchmark {
  readonly kind: 'sizes'
  readonly title: string
  readonly unit: string
  readonly curves: readonly SizeCurve[]
}

export interface SizeCurve {
  /** What was measured: `latency`, or a collective call. */
  readonly mode: string
  readonly contender: string
  /** By ascending size. */
  readonly points: readonly { readonly nbytes: number; readonly values: readonly number[] }[]
}

export interface SampleBenchmark {
  readonly kind: 'samples'
  readonly title: string
  readonly unit: string
  readonly rows: readonly SampleRow[]
}

export interface SampleRow {
  /** Rows of a group are compared with each other. */
  readonly group: string
  readonly name: string
  readonly values: readonly number[]
}

const numbers = z.array(z.number()).min(1)

/** bench:latency and its like. */
const messages = z
  .object({
    benchmark: z.string(),
    unit: z.string(),
    hosts: z.number(),
    results: z.array(z.object({ mode: z.string(), contender: z.string(), values: z.record(z.string(), numbers) })),
  })
  .transform(({ benchmark, unit, hosts, results }): SizeBenchmark => ({
    kind: 'sizes',
    title: `${benchmark}, ${hosts === 1 ? 'one host' : `${hosts} hosts`}`,
    unit,
    curves: results.map(({ mode, contender, values }) => ({
      mode: mode === '' ? benchmark : mode,
      contender,
      points: Object.entries(values)
        .map(([nbytes, sample]) => ({ nbytes: Number(nbytes), values: sample }))
        .sort((a, b) => a.nbytes - b.nbytes),
    })),
  }))

/** bench:networks */
const networks = z
  .object({
    benchmark: z.literal('networks'),
    rate: z.string(),
    results: z.array(z.object({ name: z.string(), emulated: numbers, namespaces: numbers })),
  })
  .transform(({ rate, results }) =>
    samples(`emulated network against a real one, ${rate}`, 'ms', results.flatMap(({ name, emulated, namespaces }) => [
      { group: name, name: 'emulated', values: emulated },
      { group: name, name: 'namespaces', values: namespaces },
    ])),
  ) // prettier-ignore

/** bench:hpl */
const hpl = z
  .object({
    options: z.looseObject({ n: z.number() }),
    rows: z.array(
      z.object({
        grid: z.string(),
        blas: z.string(),
        samples: z
          .array(z.object({ dgemmGflops: z.number(), hpl: z.record(z.string(), z.object({ gflops: z.number() })) }))
          .min(1),
      }),
    ),
  })
  .transform(({ options, rows }) =>
    samples(`HPL and dgemm, N = ${options.n}`, 'Gflops', rows.flatMap(({ grid, blas, samples: all }) => {
      const programs = [...new Set(all.flatMap((one) => Object.keys(one.hpl)))]
      const rates = programs.map((name) => ({ name, values: all.flatMap((one) => one.hpl[name]?.gflops ?? []) }))
      const dgemm = { name: 'dgemm, all ranks', values: all.map(({ dgemmGflops }) => dgemmGflops) }
      return [dgemm, ...rates].map((row) => ({ group: `${grid}, ${blas}`, ...row }))
    })),
  ) // prettier-ignore

/** bench:hpl-variants */
const variants = z
  .object({
    options: z.looseObject({ n: z.number() }),
    rows: z.array(z.object({ group: z.string(), name: z.string(), seconds: numbers })),
  })
  .transform(
    ({ options, rows }) =>
    samples(`variants of HPL, N = ${options.n}`, 's', rows.map(({ group, name, seconds }) => ({ group, name, values: seconds }))), // prettier-ignore
  )

/** bench:startup */
const startup = z
  .object({ ranks: z.number(), runs: z.array(z.object({ name: z.string(), ms: numbers })).min(1) })
  .transform(
    ({ ranks, runs }) =>
    samples(`start of ${ranks} ranks`, 'ms', runs.map(({ name, ms }) => ({ group: `${ranks} ranks`, name, values: ms }))), // prettier-ignore
  )

/** bench:dgemm; its rows have different units. */
const dgemm = z
  .object({
    machine: z.looseObject({}),
    results: z.array(
      z.object({
        what: z.string(),
        backend: z.string(),
        unit: z.string(),
        median: z.number(),
        lowest: z.number(),
        highest: z.number(),
      }),
    ),
  })
  .transform(({ results }) => {
    const rates = results.filter(({ unit }) => unit === 'Gflop/s')
    const rows = rates.map(({ what, backend, lowest, median, highest }) => ({
      group: what,
      name: backend,
      values: [lowest, median, highest],
    }))
    return samples('kernels on one core', 'Gflops', rows)
  })

/** bench:agents, bench:dashboard and bench:recording */
const sampled = z
  .object({
    benchmark: z.string(),
    unit: z.string(),
    rows: z.array(z.object({ group: z.string(), name: z.string(), values: numbers })).min(1),
  })
  .transform(({ benchmark, unit, rows }) => samples(benchmark, unit, rows))

const benchmarkSchema = z.union([networks, messages, hpl, variants, startup, dgemm, sampled])

/** What a JSON value measures, or undefined if it is no benchmark's. Local. @param file its name, for the title */
export function parseBenchmark(value: unknown, file: string): Benchmark | undefined {
  const parsed = benchmarkSchema.safeParse(value).data
  return parsed === undefined ? undefined : { ...parsed, title: `${parsed.title} (${file})` }
}

function samples(title: string, unit: string, rows: readonly SampleRow[]): SampleBenchmark {
  return { kind: 'samples', title, unit, rows: rows.filter(({ values }) => values.length > 0) }
}
