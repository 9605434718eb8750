/**
 * What `tsmpi wall` runs: three kinds of questions, as tests of a sweep. One host over N; K hosts over N for each link; and
 * at one N all grids and mappings of K hosts for each link. Layer below: sweep/.
 */
import type { LinkProfile } from '../../runtime/launcher/emulation.ts'
import { checkSpecification, type Source } from '../sweep/specification.ts'
import { planTests, type PlannedTest } from '../sweep/plan.ts'

/** What is asked, checked, with every default in its place. */
export interface WallSettings {
  /** Orders, ascending. */
  readonly n: readonly number[]
  readonly nb: number
  /** The hosts, the first of which stands for one host; undefined: they are emulated. */
  readonly hostfile: string | undefined
  readonly hosts: number
  readonly ranksPerHost: number
  /** Of all hosts, for the curves over N. */
  readonly grid: { readonly p: number; readonly q: number }
  readonly links: readonly NamedLink[]
  /** Gflops of a rank's kernels; undefined: as fast as they are. */
  readonly rate: number | undefined
  /** Order for the comparison of grids; undefined: none. */
  readonly gridsN: number | undefined
  readonly repeat: number
  /** Options that go on to each test: kernels, launcher, limit of time. */
  readonly passed: Readonly<Record<string, unknown>>
}

export interface NamedLink {
  /** As it was given. */
  readonly name: string
  /** What it is held to; of real hosts, what is believed of their network. */
  readonly profile: LinkProfile
}

/** A question with the tests that answer it, one for each repeat. */
export interface Question {
  readonly kind: 'one' | 'several' | 'grids'
  readonly n: number
  /** Undefined for one host. */
  readonly link: NamedLink | undefined
  readonly tests: readonly PlannedTest[]
}

/** All questions, in the order in which the report has them. Local. @throws UsageError if options that go on are wrong */
export function planWall(settings: WallSettings): Question[] {
  const { hosts, ranksPerHost, grid, links, gridsN } = settings
  const curves = [undefined, ...links].flatMap((link) => {
    const shape: Shape = link === undefined ? { p: 1, q: ranksPerHost, pmap: 'row' } : { ...grid, pmap: 'column' }
    return group(link === undefined ? 'one' : 'several', link, tests(settings, settings.n, [shape], link))
  })
  if (gridsN === undefined) return curves
  const shapes = allGrids(hosts * ranksPerHost)
  const grids = links.flatMap((link) => group('grids', link, tests(settings, [gridsN], shapes, link)))
  return [...curves, ...grids]
}

interface Shape {
  readonly p: number
  readonly q: number
  readonly pmap: 'row' | 'column'
}

/** Every P x Q in both mappings; where P or Q is one they are the same. */
function allGrids(ranks: number): Shape[] {
  return Array.from({ length: ranks }, (_, k) => k + 1)
    .filter((p) => ranks % p === 0)
    .flatMap((p) => {
      const q = ranks / p
      const mappings = p === 1 || q === 1 ? (['row'] as const) : (['row', 'column'] as const)
      return mappings.map((pmap) => ({ p, q, pmap }))
    })
}

function tests(
  settings: WallSettings,
  n: readonly number[],
  shapes: readonly Shape[],
  link: NamedLink | undefined,
): PlannedTest[] {
  const { nb, repeat, rate, passed } = settings
  return shapes.flatMap(({ p, q, pmap }) => {
    const values = {
      ...passed,
      ...where(settings, link),
      'rate-limit': rate,
      'warm-up': true,
      n,
      nb,
      repeat,
      pmap,
      grid: `${p}x${q}`,
    }
    const source: Source = { values, where: ([key]) => `--${String(key)}` }
    return planTests(checkSpecification([source]))
  })
}

/** The hosts of a test. With as many ranks as one host takes, those of a hostfile all go to its first host. */
function where({ hostfile, hosts, ranksPerHost }: WallSettings, link: NamedLink | undefined): object {
  if (hostfile !== undefined) return { hostfile, 'map-by': `ppr:${ranksPerHost}:node` }
  return link === undefined ? {} : { 'emulate-hosts': hosts, emulate: link.name }
}

/** The repeats of a test belong together. */
function group(kind: Question['kind'], link: NamedLink | undefined, all: readonly PlannedTest[]): Question[] {
  const ids = [...new Set(all.map(({ id }) => id))]
  return ids.map((id) => {
    const same = all.filter((test) => test.id === id)
    return { kind, link, n: (same[0] as PlannedTest).point.n, tests: same }
  })
}

/** Every test once, the repeats outermost, so that a disturbance hits all questions alike. Local. */
export function runOrder(questions: readonly Question[]): PlannedTest[] {
  const all = questions.flatMap((question) => question.tests)
  const once = [...new Map(all.map((test) => [`${test.id} ${test.repeat}`, test])).values()]
  return once.sort((a, b) => a.repeat - b.repeat)
}
