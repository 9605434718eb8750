/**
 * The command line of the built-in program: `tsmpirun -n 4 hpl [options]`. Reads, checks and explains; decides nothing
 * and prints nothing, so that the one rank that reads it can tell the others what came of it.
 */
import yargs from 'yargs'
import { BLAS_CHOICES, type BlasChoice } from './blas/select.ts'

export interface HplOptions {
  /** Input file, '-' for standard input; undefined: HPL.dat of the working directory, or the packaged one. */
  readonly dat: string | undefined
  /** File for results as JSON lines; '-': standard output, in place of a report that would go there. */
  readonly json: string | undefined
  readonly blas: BlasChoice
  /** Name or path of a CBLAS library. */
  readonly blasLibrary: string | undefined
  /** Whether the report says where the time went, as netlib's does when compiled for it. */
  readonly detailed: boolean
  /** Whether the report explains where the time went. */
  readonly explain: boolean
  /** Whether lines on standard error say how far a test is. */
  readonly progress: boolean
  /** Whether another solver checks the solutions. */
  readonly crossCheck: boolean
  /** Whether the algorithms are ours to choose, whatever HPL.dat names. */
  readonly tuned: boolean
  /** Threads of one call of the kernels, >= 1. */
  readonly threadsPerRank: number
  /** Most 10^9 flops a second of a rank's kernels. */
  readonly rateLimit: number | undefined
  /** Whether solves that are not timed precede the first test of every order on a grid. */
  readonly warmUp: boolean
}

export type CommandLine =
  | { readonly kind: 'run'; readonly options: HplOptions }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'mistake'; readonly text: string }

/** @param args the arguments after the program's name */
export async function readCommandLine(args: readonly string[]): Promise<CommandLine> {
  const parser = describe(args)
  try {
    const { dat, json, blas, blasLibrary, detailed, explain, progress, crossCheck, tuned, warmUp, help, ...rest } =
      await parser.parseAsync()
    if (help) return { kind: 'help', text: `${await parser.getHelp()}\n` }
    const options = {
      dat: single('--dat', dat),
      json: single('--json', json),
      blas: single('--blas', blas),
      blasLibrary: single('--blas-library', blasLibrary),
      detailed,
      explain,
      progress,
      crossCheck,
      tuned,
      threadsPerRank: threadsOf(single('--threads-per-rank', rest.threadsPerRank)),
      rateLimit: rateOf(single('--rate-limit', rest.rateLimit)),
      warmUp,
    }
    return { kind: 'run', options }
  } catch (error) {
    return { kind: 'mistake', text: `hpl: ${(error as Error).message}\nhpl: --help lists the options\n` }
  }
}

/** @throws Error if the number is none that a library could take */
function threadsOf(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new Error(`--threads-per-rank is ${JSON.stringify(text)}, expected a whole number from 1 to 9999`)
  return Number(text)
}

/** @throws Error if the rate is no positive number */
function rateOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d+(\.\d+)?$/.test(text) && Number(text) > 0) return Number(text)
  throw new Error(`--rate-limit is ${JSON.stringify(text)}, expected Gflops of a rank: a number > 0`)
}

/** An option given twice comes as a list, whatever its type says. */
function single<T>(name: string, value: T): T {
  if (Array.isArray(value)) throw new Error(`${name} is given ${value.length} times, expected once`)
  return value
}

function describe(args: readonly string[]) {
  return yargs([...args])
    .scriptName('hpl')
    .help(false)
    .version(false)
    .usage(
      'tsmpirun -n N hpl [options]\n\nHigh-Performance Linpack: solves the systems that HPL.dat describes and prints what HPL 2.3 prints.',
    )
    .options({
      dat: {
        type: 'string',
        requiresArg: true,
        describe: 'Input file, - for standard input [default: HPL.dat here, else the packaged one]',
      },
      json: {
        type: 'string',
        requiresArg: true,
        describe: 'Append a JSON line for each test to this file; -: to standard output, instead of the report',
      },
      blas: {
        choices: BLAS_CHOICES,
        default: 'auto' as const satisfies BlasChoice,
        requiresArg: true,
        describe: 'Kernels; auto: openblas if a library is found, else wasm',
      },
      'blas-library': { type: 'string', requiresArg: true, describe: 'CBLAS library for openblas: name or path' },
      detailed: { type: 'boolean', default: false, describe: 'Report the time of each phase' },
      explain: { type: 'boolean', default: false, describe: 'Explain after each test where the time went' },
      progress: { type: 'boolean', default: false, describe: 'Say on standard error how far a test is' },
      'cross-check': {
        type: 'boolean',
        default: false,
        describe: 'Solve systems of N <= 2000 again with another solver and compare',
      },
      tuned: {
        type: 'boolean',
        default: false,
        describe: 'Choose the fastest algorithms known, whatever the file names, and say which',
      },
      'threads-per-rank': {
        type: 'string',
        default: '1',
        requiresArg: true,
        describe: 'Threads of one call of openblas',
      },
      'rate-limit': {
        type: 'string',
        requiresArg: true,
        describe: 'Slow the kernels down to so many Gflops a rank: few cores stand for many slow ones',
      },
      'warm-up': {
        type: 'boolean',
        default: false,
        describe: 'Precede also tests below N = 2000 by solves that are not timed',
      },
      help: { alias: 'h', type: 'boolean', default: false, describe: 'Show this' },
    })
    .demandCommand(0, 0, '', 'no arguments expected but options')
    .strict()
    .exitProcess(false)
    .fail(false)
}
