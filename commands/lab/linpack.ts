/**
 * Linpack as a lab's measurement: jobs on one host or on emulated ones, whose ranks compute at a given rate, so that a
 * laptop can stand for a cluster; and the points that come out. Layer below: sweep/, hpl/results/.
 */
import { z } from 'zod'
import { parseLine } from '../../hpl/results/reader.ts'
import { planTests } from '../sweep/plan.ts'
import { checkSpecification } from '../sweep/specification.ts'
import { JobFailure } from './jobs.ts'
import type { Job, JobEnd } from './lab.ts'

/** A cluster and what it shall solve. */
export interface LinpackCase {
  /** Which series of the lab this belongs to. */
  readonly series: string
  readonly hosts: number
  /** A profile of the emulated network; none on one host. */
  readonly link: string
  readonly p: number
  readonly q: number
  readonly pmap: 'row' | 'column'
  readonly depth: number
  readonly n: number
}

export const linpackPoint = z.object({
  series: z.string(),
  hosts: z.int().min(1),
  link: z.string(),
  p: z.int().min(1),
  q: z.int().min(1),
  pmap: z.enum(['row', 'column']),
  depth: z.int().min(0),
  n: z.int().min(1),
  gflops: z.number().positive(),
  seconds: z.number().positive(),
})
export type LinpackPoint = z.infer<typeof linpackPoint>

/** Block size of all labs: with 64 the panels of a small matrix are many enough for a look-ahead. */
const NB = 64

/** The jobs of these cases. Local. @param rate Gflops of each rank @throws UsageError if a case cannot be run */
export function linpackJobs(cases: readonly LinpackCase[], rate: number): Job[] {
  return cases.map((one) => {
    const { hosts, link, n, p, q, pmap, depth } = one
    const network = hosts === 1 ? {} : { 'emulate-hosts': hosts, emulate: link }
    const values = { ...network, 'rate-limit': rate, 'warm-up': true, n, nb: NB, grid: `${p}x${q}`, pmap, depth }
    const [test] = planTests(checkSpecification([{ values, where: ([key]) => String(key) }]))
    return { name: nameOf(one), args: test?.args ?? [], input: test?.hplDat ?? '' }
  })
}

/** Gflops and seconds of each case; the ends are those of `linpackJobs`, in the same order. @throws JobFailure */
export function linpackPoints(cases: readonly LinpackCase[], ended: readonly JobEnd[]): LinpackPoint[] {
  return ended.map(({ job, stdout }, index) => {
    const line = parseLine(stdout.trim())
    if (typeof line === 'string' || line.kind !== 'test' || line.test.outcome !== 'passed')
      throw new JobFailure(`${job.name}: no result of Linpack that passed its check: ${stdout.slice(0, 200)}`)
    return { ...(cases[index] as LinpackCase), gflops: line.test.gflops ?? 0, seconds: line.test.seconds ?? 0 }
  })
}

/** The cases of points, which a job's name tells. */
function nameOf({ series, n, p, q, pmap, depth }: LinpackCase): string {
  const mapping = p > 1 && q > 1 ? ` by ${pmap}` : ''
  return `${series}: N=${n}, ${p}x${q}${mapping}${depth === 1 ? '' : `, depth ${depth}`}`
}

/** Seconds that cases take at this rate, roughly: flops, and a start. Local. */
export function linpackSeconds(cases: readonly LinpackCase[], rate: number): number {
  return cases.reduce(
    (sum, { n, p, q, hosts }) => sum + 2 + n ** 3 / 1.5e9 / (0.6 * rate * p * q) + hosts * n * 3e-4,
    0,
  )
}
