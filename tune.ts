/**
 * The built-in program `tune`: measures the collectives on the ranks of the job. `tsmpi tune` runs it and reads its lines, one
 * JSON object each: how far it is, and at last the tuning file. Its one argument is the options as JSON.
 */
import { ALGORITHM_NAMES, type Selectable, type TuningFile } from './runtime/base/tuning.ts'
import { installedVersion } from './runtime/base/version.ts'
import { measure, type MeasureOptions, type Point } from './collectives/tuning/measure.ts'
import { rulesOf } from './collectives/tuning/rules.ts'
import type { Intracomm } from './collectives/intracomm.ts'
import { run } from './run.ts'

/** Powers of 8 up to 2 MiB: the switch points are found to within a factor of 3. */
const DEFAULTS: MeasureOptions = { nbytes: [8, 64, 512, 4096, 32_768, 262_144, 2_097_152], runMs: 10, rounds: 3 }
const COLLECTIVES = Object.keys(ALGORITHM_NAMES) as Selectable[]

await run(async ({ world, argv, host, log }) => {
  const options: MeasureOptions = { ...DEFAULTS, ...(JSON.parse(argv[0] ?? '{}') as Partial<MeasureOptions>) }
  const points: Point[] = []
  const sizes = sizesUpTo(world.size)
  const total = sizes.length * COLLECTIVES.length
  let done = 0
  const say = (line: object): void => (world.rank === 0 ? log(JSON.stringify(line)) : undefined)
  const next = (size: number, collective: Selectable): void =>
    say({ progress: { done: done++, total, name: `${collective} on ${size} ranks` } })
  for (const size of sizes)
    points.push(...(await measureOn(world, size, options, (collective) => next(size, collective))))
  const file: TuningFile & { readonly points: readonly Point[] } = {
    tsmpiTuning: 1,
    measured: {
      date: new Date().toISOString(),
      tsmpi: installedVersion(),
      host,
      ranks: world.size,
      hosts: world.hosts.count,
    },
    rules: rulesOf(points),
    points,
  }
  say({ file })
})

/** Powers of two from 2 on, and the number itself. */
function sizesUpTo(size: number): number[] {
  const powers = []
  for (let power = 2; power < size; power *= 2) powers.push(power)
  return size > 1 ? [...powers, size] : []
}

/** Measures on the first `size` ranks; the others wait. Collective; points on those ranks only. */
async function measureOn(
  world: Intracomm,
  size: number,
  options: MeasureOptions,
  next: (collective: Selectable) => void,
): Promise<Point[]> {
  const comm = await world.split(world.rank < size ? 0 : 1)
  const points: Point[] = []
  if (comm !== undefined && world.rank < size)
    for (const collective of COLLECTIVES) {
      next(collective)
      points.push(...(await measure(comm, collective, options)))
    }
  comm?.free()
  await world.barrier()
  return points
}
