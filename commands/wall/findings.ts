/** What the results of a wall say: rates, crossovers, limits. Pure: from results to numbers. Layer below: plan.ts, limits.ts. */
import type { RankProfile } from '../../hpl/profile.ts'
import type { Result, ResultLine } from '../../hpl/results/schema.ts'
import { PAYLOAD_SHARE } from '../../runtime/launcher/emulation.ts'
import type { PlannedTest } from '../sweep/plan.ts'
import { crossover, type Crossover } from '../../report/crossover.ts'
import { limitsOf, type Layout, type Limits, type Link } from './limits.ts'
import type { NamedLink, Question, WallSettings } from './plan.ts'

/** One N on several hosts. */
export interface Point {
  readonly n: number
  /** Rates in Gflops; undefined if there is no result. */
  readonly one: number | undefined
  readonly several: number | undefined
  readonly limits: Limits | undefined
}

/** One link, over N. */
export interface LinkFindings {
  readonly link: NamedLink
  readonly points: readonly Point[]
  /** Undefined if no N has both rates. */
  readonly crossover: Crossover | undefined
}

/** One grid in one mapping, over the links. */
export interface GridFindings {
  readonly p: number
  readonly q: number
  readonly pmap: string
  /** In the order of the links. */
  readonly gflops: readonly (number | undefined)[]
  readonly limits: readonly (Limits | undefined)[]
  /** Which of pivots with rows, and panels, leave a host. */
  readonly crossing: { readonly columns: boolean; readonly rows: boolean }
}

export interface Findings {
  readonly links: readonly LinkFindings[]
  readonly grids: readonly GridFindings[]
  /** Kernels and cores, of some result. */
  readonly machine: { readonly blas: string; readonly cores: number } | undefined
}

/** What is known of a test. */
export type Known = (test: PlannedTest) => ResultLine | undefined

/** Brings the results together; of the repeats the fastest counts, since whatever disturbs makes slower. Local. */
export function findingsOf(settings: WallSettings, questions: readonly Question[], known: Known): Findings {
  const best = (question: Question | undefined): Result | undefined => bestOf(question?.tests ?? [], known)
  const at = (kind: Question['kind'], n: number, link?: NamedLink): Question | undefined =>
    questions.find((one) => one.kind === kind && one.n === n && one.link?.name === link?.name)
  const links = settings.links.map((link): LinkFindings => {
    const points = settings.n.map((n): Point => {
      const [one, several] = [best(at('one', n)), best(at('several', n, link))]
      return { n, one: rateOf(one), several: rateOf(several), limits: several && limitsIn(several, link) }
    })
    const pairs = points.flatMap(({ n, one, several }) => (one && several ? [{ n, one, several }] : []))
    return { link, points, crossover: pairs.length > 0 ? crossover(pairs) : undefined }
  })
  const some = questions.map(best).find((result) => result !== undefined)
  const machine = some && { blas: some.blas.description, cores: some.hosts[0]?.cores ?? 1 }
  return { links, grids: gridsOf(settings, questions, best), machine }
}

function gridsOf(
  { links }: WallSettings,
  questions: readonly Question[],
  best: (question: Question) => Result | undefined,
): GridFindings[] {
  const all = questions.filter(({ kind }) => kind === 'grids')
  const key = ({ tests }: Question): string => {
    const { p, q, pmap } = (tests[0] as PlannedTest).point
    return `${p} ${q} ${pmap}`
  }
  return [...new Set(all.map(key))].map((name) => {
    const same = all.filter((question) => key(question) === name)
    const results = links.map(({ name: link }) => {
      const question = same.find((one) => one.link?.name === link)
      return question && best(question)
    })
    const { p, q, pmap } = ((same[0] as Question).tests[0] as PlannedTest).point
    const layout = results.map((result) => result && layoutOf(result)).find((found) => found !== undefined)
    return {
      p,
      q,
      pmap,
      gflops: results.map(rateOf),
      limits: results.map((result, k) => result && limitsIn(result, links[k] as NamedLink)),
      crossing: layout === undefined ? { columns: false, rows: false } : crossingOf(layout),
    }
  })
}

/** The fastest result of a test that passed or was not checked. */
function bestOf(tests: readonly PlannedTest[], known: Known): Result | undefined {
  const results = tests.flatMap((test) => {
    const line = known(test)
    return line?.kind === 'test' && ['passed', 'unchecked'].includes(line.test.outcome) ? [line] : []
  })
  return results.sort((a, b) => (b.test.gflops ?? 0) - (a.test.gflops ?? 0))[0]
}

function rateOf(result: Result | undefined): number | undefined {
  return result?.test.gflops ?? undefined
}

function limitsIn(result: Result, { profile }: NamedLink): Limits | undefined {
  const { ranks } = result.test
  if (ranks === undefined) return undefined
  const link: Link = { bandwidth: 1000 * profile.bytesPerMs * PAYLOAD_SHARE, latency: profile.latencyMs / 1000 }
  // The file's schema leaves open which activities there are; ours has them all.
  return limitsOf(ranks as unknown as RankProfile[], link, layoutOf(result))
}

/** Where each process of the grid ran. */
export function layoutOf({ test, hosts }: Result): Layout {
  const { p, q, pmap, depth } = test
  const hostOfRank = new Map(hosts.flatMap(({ ranks }, host) => ranks.map((rank) => [rank, host] as const)))
  const hostOf = Array.from({ length: p * q }, (_, k) => {
    const [row, col] = [Math.floor(k / q), k % q]
    return hostOfRank.get(pmap === 'row' ? row * q + col : col * p + row) ?? 0
  })
  return { hostOf, p, q, depth }
}

/** Whether some process column, and some process row, has members on several hosts. */
function crossingOf({ hostOf, p, q }: Layout): GridFindings['crossing'] {
  const differ = (members: readonly number[]): boolean => new Set(members.map((k) => hostOf[k])).size > 1
  const indices = (count: number): number[] => Array.from({ length: count }, (_, k) => k)
  return {
    columns: indices(q).some((col) => differ(indices(p).map((row) => row * q + col))),
    rows: indices(p).some((row) => differ(indices(q).map((col) => row * q + col))),
  }
}
