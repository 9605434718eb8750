/**
 * The built-in program `hpl`: `tsmpirun -n 4 hpl`. Rank 0 reads the command line and HPL.dat and says what is wrong with
 * them; all ranks learn whether to go on, so that a mistake ends the job with exit code 1 and no noise.
 */
import type { Intracomm } from '../collectives/intracomm.ts'
import { run, type RankContext } from '../run.ts'
import type { Blas, HostMemory } from './blas/blas.ts'
import { createBlas } from './blas/select.ts'
import { readCommandLine, type HplOptions } from './command-line.ts'
import { runHpl } from './driver.ts'
import { openOutput, readInput } from './input-file.ts'
import type { HplParameters } from './parameters.ts'

/** What rank 0 decides for all. */
type Plan =
  | { readonly kind: 'end'; readonly exitCode: number }
  | { readonly kind: 'run'; readonly options: HplOptions; readonly parameters: HplParameters }

await run(main)

async function main(context: RankContext): Promise<void> {
  const { world } = context
  const plan = await world.bcastObject(world.rank === 0 ? await makePlan(context) : undefined)
  if (plan === undefined || plan.kind === 'end') {
    process.exitCode = plan?.exitCode ?? 1
    return
  }
  const blas = await openBlas(context, plan.options)
  if (blas === undefined) {
    process.exitCode = 1
    return
  }
  const output = world.rank === 0 ? openOutput(plan.parameters) : undefined
  const { parameters, options } = plan
  const print = (text: string): void => output?.print(text)
  await runHpl({ world, parameters, blas, print, detailedTiming: options.detailed })
  output?.close()
}

async function makePlan({ world, argv }: RankContext): Promise<Plan> {
  const command = await readCommandLine(argv)
  if (command.kind === 'help') {
    process.stdout.write(command.text)
    return { kind: 'end', exitCode: 0 }
  }
  if (command.kind === 'mistake') {
    process.stderr.write(command.text)
    return { kind: 'end', exitCode: 1 }
  }
  const { parameters, complaints } = readInput(command.options.dat, world.size)
  process.stderr.write(complaints)
  return parameters === undefined ? { kind: 'end', exitCode: 1 } : { kind: 'run', options: command.options, parameters }
}

/** The kernels, or undefined if some rank has none: then rank 0 has said why. Collective. */
async function openBlas(context: RankContext, { blas: choice, blasLibrary }: HplOptions): Promise<Blas | undefined> {
  const memory: HostMemory = {
    alloc: (n) => context.alloc(Float64Array, n),
    free: (array) => context.free(array),
  }
  let blas: Blas | undefined
  let failure = ''
  try {
    blas = await createBlas(choice, memory, blasLibrary === undefined ? {} : { library: blasLibrary })
    shareMemory(context, blas)
  } catch (error) {
    failure = (error as Error).message
  }
  return (await agree(context.world, failure)) ? blas : undefined
}

/** Kernels with a memory of their own keep the matrix there: the other ranks read messages out of it. */
function shareMemory(context: RankContext, blas: Blas): void {
  if (blas.kind !== 'wasm') return
  const array = blas.alloc(1)
  if (array.buffer instanceof SharedArrayBuffer) context.share(array.buffer)
  blas.free(array)
}

/** True if no rank has failed; otherwise rank 0 prints each reason once, with the first rank that has it. */
async function agree(world: Intracomm, failure: string): Promise<boolean> {
  const failures = await world.allgatherObject(failure)
  const reasons = new Set(failures.filter((reason) => reason !== ''))
  if (world.rank === 0) {
    for (const reason of reasons) process.stderr.write(`hpl: rank ${failures.indexOf(reason)}: ${reason}\n`)
  }
  return reasons.size === 0
}
