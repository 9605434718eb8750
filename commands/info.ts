/** `tsmpi info`: what this installation and this machine have. */
import { availableParallelism, cpus, totalmem } from 'node:os'
import type { CommandModule } from 'yargs'
import { findCblas } from '../hpl/blas/openblas.ts'
import { createBlas } from '../hpl/blas/select.ts'
import { installedVersion } from '../runtime/base/version.ts'

/** What `tsmpi info` shows; `--json` prints it as it is. */
interface Info {
  readonly tsmpi: string
  readonly node: string
  readonly platform: string
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  /** BLAS backends of HPL, and what each is. */
  readonly blas: Readonly<Record<string, string>>
}

export const infoCommand: CommandModule<object, { json: boolean }> = {
  command: 'info',
  describe: 'Show versions, cores, memory, and the BLAS libraries that HPL can use',
  builder: (command) => command.option('json', { type: 'boolean', default: false, describe: 'Print JSON' }),
  handler: async ({ json }) => printInfo(await gather(), json),
}

async function gather(): Promise<Info> {
  return {
    tsmpi: installedVersion(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    blas: { wasm: await descriptionOf('wasm'), openblas: await openblas(), ordered: await descriptionOf('ordered') },
  }
}

async function openblas(): Promise<string> {
  if (findCblas() !== undefined) return descriptionOf('openblas')
  return 'not found; install OpenBLAS (Debian: libopenblas0-pthread), or name a library with --blas-library'
}

async function descriptionOf(kind: 'wasm' | 'openblas' | 'ordered'): Promise<string> {
  const blas = await createBlas(kind, {
    alloc: (n) => new Float64Array(new SharedArrayBuffer(8 * n)),
    free: () => undefined,
  })
  return blas.description
}

function printInfo(info: Info, json: boolean): void {
  if (json) {
    console.log(JSON.stringify(info, undefined, 2))
    return
  }
  const { tsmpi, node, platform, cpu, cores, memoryGiB, blas } = info
  const rows = Object.entries({ tsmpi, node, platform, cpu, cores, memory: `${memoryGiB} GiB` })
  for (const [name, value] of rows) console.log(`${name.padEnd(10)}${value}`)
  for (const [kind, description] of Object.entries(blas)) console.log(`${`blas ${kind}`.padEnd(14)}${description}`)
}
