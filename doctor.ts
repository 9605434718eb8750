/**
 * The built-in program `doctor`, one rank a host: prints what each host is and, if there are several, what the links between
 * them carry. `tsmpi doctor` runs it and reads its lines, one JSON object each.
 */
import { availableParallelism, cpus, freemem, loadavg, totalmem } from 'node:os'
import type { HostFacts } from './commands/doctor/facts.ts'
import { measureLinks } from './commands/doctor/links.ts'
import { createBlas } from './hpl/blas/select.ts'
import { installedVersion } from './runtime/base/version.ts'
import { run } from './run.ts'

/** Order of the matrices that are multiplied, and for how long. */
const ORDER = 512
const RATE_MS = 300

await run(async ({ world, host, log }) => {
  const say = (line: object): void => log(JSON.stringify(line))
  if (world.size === 1) say({ facts: await factsOf(host) })
  else {
    const links = await measureLinks(world, (done, total) => say({ progress: { done, total } }))
    if (links !== undefined) say({ links })
  }
})

async function factsOf(host: string): Promise<HostFacts> {
  const gib = (bytes: number): number => Math.round((bytes / 2 ** 30) * 10) / 10
  return {
    host,
    node: process.version,
    tsmpi: installedVersion(),
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: gib(totalmem()),
    freeGiB: gib(freemem()),
    load: loadavg()[0] as number,
    ...(await blasOf()),
  }
}

/** The rate of one core: the best of several products. */
async function blasOf(): Promise<{ blas: string; gflops: number }> {
  const memory = { alloc: (n: number) => new Float64Array(new SharedArrayBuffer(8 * n)), free: () => undefined }
  const blas = await createBlas('auto', memory)
  const [a, b, c] = [0, 1, 2].map(() => blas.alloc(ORDER * ORDER).fill(1)) as [Float64Array, Float64Array, Float64Array]
  let best = Infinity
  for (const end = performance.now() + RATE_MS; performance.now() < end;) {
    const start = performance.now()
    blas.dgemm('N', 'N', ORDER, ORDER, ORDER, 1, a, 0, ORDER, b, 0, ORDER, 0, c, 0, ORDER)
    best = Math.min(best, performance.now() - start)
  }
  return { blas: blas.description, gflops: (2 * ORDER ** 3) / best / 1e6 }
}
