/**
 * The built-in program `hpl`: `tsmpirun -n 4 hpl`. Rank 0 reads the command line and HPL.dat and says what is wrong with
 * them; all ranks learn whether to go on, so that a mistake ends the job with exit code 1 and no noise.
 */
import { text } from 'node:stream/consumers'
import type { Intracomm } from '../collectives/intracomm.ts'
import { run, type RankContext } from '../run.ts'
import type { Blas, HostMemory } from './blas/blas.ts'
import { limitRate, settleEach } from './blas/rate-limit.ts'
import { createBlas } from './blas/select.ts'
import { readCommandLine, type HplOptions } from './command-line.ts'
import { runHpl, type HplRun, type TestRecord } from './driver.ts'
import { checkInput, openOutput, readInput, type HplInput } from './input-file.ts'
import { DEVICE_STDOUT, type HplParameters } from './parameters.ts'
import { formatResult, gatherFacts, openLines, STANDARD_OUTPUT } from './results/writer.ts'
import { RunProgress } from './run-progress.ts'
import { tuned, tunedNote } from './tuned.ts'

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
  if (plan.options.threadsPerRank > 1) await warnOfSharedThreads(context)
  const { parameters, options } = plan
  const silent = options.json === STANDARD_OUTPUT && parameters.device === DEVICE_STDOUT
  const output = world.rank === 0 && !silent ? openOutput(parameters) : undefined
  const print = (text: string): void => output?.print(text)
  const progress = new RunProgress(parameters, context.showProgress)
  const results = options.json === undefined ? undefined : await openResults(context, options.json, parameters, blas)
  const onTest = (test: TestRecord): void => {
    results?.write(test)
    progress.ended(test)
  }
  const { tests } = await runHpl({
    world,
    parameters,
    blas,
    print,
    detailedTiming: options.detailed,
    explain: options.explain,
    crossCheck: options.crossCheck,
    warmUp: options.warmUp,
    ...(options.tuned && tuning(context, blas)),
    onTest,
    onStep: (test, step) => progress.at(test, step),
    ...(options.progress && { progress: (line) => void process.stderr.write(line) }),
  })
  results?.close()
  output?.close()
  if (tests.some(({ crossCheck }) => crossCheck?.passed === false)) process.exitCode = 1
}

/** Where each test leaves a line of JSON; undefined on ranks other than 0. Collective. */
async function openResults(
  { world, host, argv }: RankContext,
  path: string,
  parameters: HplParameters,
  blas: Blas,
): Promise<{ write(test: TestRecord): void; close(): void } | undefined> {
  const facts = await gatherFacts(world, host, argv, blas)
  if (facts === undefined) return undefined
  const lines = openLines(path)
  return { write: (test) => lines.write(formatResult(facts, parameters, test)), close: () => lines.close() }
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
  const { dat, json } = command.options
  const { parameters, complaints } = await inputOf(dat, world.size)
  process.stderr.write(complaints)
  if (parameters === undefined || !canAppend(json)) return { kind: 'end', exitCode: 1 }
  return { kind: 'run', options: command.options, parameters: command.options.tuned ? tuned(parameters) : parameters }
}

/** What `--tuned` changes besides the parameters. */
function tuning(context: RankContext, { anyMemory }: Blas): Pick<HplRun, 'note' | 'split' | 'sharedArrays'> {
  if (!anyMemory) return { note: tunedNote(false), split: true }
  return { note: tunedNote(true), split: true, sharedArrays: (comm, array) => context.sharedArrays(comm, array) }
}

async function inputOf(dat: string | undefined, ranks: number): Promise<HplInput> {
  if (dat !== '-') return readInput(dat, ranks)
  return checkInput(await text(process.stdin), { name: 'standard input', ranks })
}

/** Says so if a file cannot be written: a run of hours must not end with that. */
function canAppend(path: string | undefined): boolean {
  if (path === undefined) return true
  try {
    openLines(path).close()
    return true
  } catch (error) {
    process.stderr.write(`hpl: --json ${path} cannot be written: ${(error as Error).message}\n`)
    return false
  }
}

/** The kernels, or undefined if some rank has none: then rank 0 has said why. Collective. */
async function openBlas(context: RankContext, options: HplOptions): Promise<Blas | undefined> {
  const { blas: choice, blasLibrary, threadsPerRank, rateLimit } = options
  const memory: HostMemory = {
    alloc: (n) => context.alloc(Float64Array, n),
    free: (array) => context.free(array),
  }
  let blas: Blas | undefined
  let failure = ''
  try {
    blas = await createBlas(choice, memory, {
      ...(blasLibrary !== undefined && { library: blasLibrary }),
      threads: threadsPerRank,
    })
    shareMemory(context, blas)
    if (context.pace < 1) blas = settleEach(blas, () => context.settlePace())
    if (rateLimit !== undefined) blas = limitRate(blas, rateLimit * context.pace)
  } catch (error) {
    failure = (error as Error).message
  }
  return (await agree(context.world, failure)) ? blas : undefined
}

/** The library has one set of threads a process, and calls of several ranks wait for each other. Collective. */
async function warnOfSharedThreads({ world, host }: RankContext): Promise<void> {
  const processes = new Set(await world.allgatherObject(`${host} ${String(process.pid)}`))
  if (world.rank === 0 && processes.size < world.size)
    process.stderr.write(
      `hpl: note: ${String(world.size)} ranks share the threads of ${String(processes.size)} processes; ` +
        'tsmpirun --ranks-per-agent 1 gives every rank threads of its own\n',
    )
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
  // The first rank that leaves with a code stops the job: not before rank 0 has spoken.
  if (reasons.size > 0) await world.barrier()
  return reasons.size === 0
}
