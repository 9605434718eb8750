/**
 * The tests of a sweep, in the order they run: the repeats outermost, so that a machine whose clock or neighbours change
 * hits all tests alike. Layer below: specification.ts, hpl/results/.
 */
import { createHash } from 'node:crypto'
import type { TestPoint } from '../../hpl/driver.ts'
import { formatHplDat } from '../../hpl/input.ts'
import { singleTest, type Settings } from '../../hpl/single-test.ts'
import { FASTEST } from '../../hpl/tuned.ts'
import { readHosts } from '../../runtime/launcher/hosts.ts'
import { launcherArguments } from '../launcher-options.ts'
import type { Specification } from './specification.ts'

/** One test to run: a question that a result answers. */
export interface PlannedTest {
  /** The same for the same input, ranks, places and kernels; with `repeat`, the name of the test. */
  readonly id: string
  readonly repeat: number
  readonly point: TestPoint
  readonly settings: Settings
  readonly hplDat: string
  readonly ranks: number
  /** Arguments of tsmpirun. */
  readonly args: readonly string[]
}

/** All tests. A test that comes up twice is there once. Local. @throws UsageError if the hosts are not as they must be */
export function planTests(specification: Specification): PlannedTest[] {
  const { timeout, repeat: repeats } = specification
  const kernels = kernelArguments(specification)
  const places = launcherArguments(specification)
  const hosts = readHosts(specification)
  const limit = timeout === undefined ? [] : ['--timeout', String(timeout)]
  const tests = new Map<string, PlannedTest>()
  for (const { point, settings } of combinations(specification)) {
    const hplDat = formatHplDat(singleTest(point, settings))
    const ranks = point.p * point.q
    const id = digest([hplDat, ranks, places, hosts, kernels])
    const args = ['-n', String(ranks), ...places, ...limit, 'hpl', '--dat', '-', '--json', '-', ...kernels]
    tests.set(id, { id, repeat: 1, point, settings, hplDat, ranks, args })
  }
  return Array.from({ length: repeats }, (_, k) =>
    [...tests.values()].map((test) => ({ ...test, repeat: k + 1 })),
  ).flat()
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)
}

/** Grids outermost, then N and NB, then the variants; those that --tuned chooses instead of all that are named. */
function combinations(specification: Specification): { point: TestPoint; settings: Settings }[] {
  const { grid, n, nb, pmap, depth, bcast, rfact, ndiv, pfact, nbmin, swap, l1, u } = specification
  const { 'swap-threshold': swapThreshold, equil: equilibrate, align, threshold } = specification
  const lists = { grid, n, nb, pmap, depth, bcast, rfact, ndiv, pfact, nbmin, swap, swapThreshold, l1, u, equilibrate }
  return product(specification.tuned === true ? { ...lists, ...TUNED } : lists).map(
    ({ grid, swap, swapThreshold, l1, u, equilibrate, ...rest }) => ({
      point: { ...rest, ...grid },
      settings: { swap, swapThreshold, l1, u, equilibrate, align, threshold },
    }),
  )
}

const { swap, l1, u, equilibrate } = FASTEST
const TUNED = { ...FASTEST, swap: [swap], l1: [l1], u: [u], equilibrate: [equilibrate] }

/** One value of each list, in every combination; the last list changes fastest. */
function product<T extends Readonly<Record<string, readonly unknown[]>>>(lists: T): { [K in keyof T]: T[K][number] }[] {
  const none: Record<string, unknown>[] = [{}]
  const rows = Object.entries(lists).reduce(
    (before, [key, values]) => before.flatMap((row) => values.map((value) => ({ ...row, [key]: value }))),
    none,
  )
  return rows as { [K in keyof T]: T[K][number] }[]
}

function kernelArguments(specification: Specification): string[] {
  const { blas, tuned, 'blas-library': library, 'rate-limit': rateLimit, 'warm-up': warmUp } = specification
  return [
    ...['--blas', blas],
    ...(library === undefined ? [] : ['--blas-library', library]),
    ...(rateLimit === undefined ? [] : ['--rate-limit', String(rateLimit)]),
    ...(tuned === true ? ['--tuned'] : []),
    ...(warmUp === true ? ['--warm-up'] : []),
  ]
}
