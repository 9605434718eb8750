/** `tsmpi hpl sweep`: Linpack over many sizes, grids and variants. Only declares; commands/sweep/ does the work. */
import type { CommandModule, Options } from 'yargs'
import { hideBin } from 'yargs/helpers'
import { UsageError } from '../runtime/launcher/usage-error.ts'
import { LAUNCHER_OPTIONS } from './launcher-options.ts'

const list = (describe: string, fallback?: string): Options => ({
  type: 'string',
  requiresArg: true,
  describe: fallback === undefined ? describe : `${describe} [default: ${fallback}]`,
})

/** The keys of a sweep file with what they mean; sweep/specification.ts says what is allowed. */
const SWEEP_OPTIONS: Readonly<Record<string, Options>> = {
  // One letter, so the help shows them with one dash: the descriptions say how they are written.
  n: list('Orders of the matrix: --n 1000,2000'),
  nb: list('Block sizes', '128'),
  grid: list('Grids: 1x2,2x1; P x Q ranks are started'),
  pmap: list('Order of the ranks in the grid: row, column', 'row'),
  bcast: list('1ring, 1ringM, 2ring, 2ringM, long, longM, or codes 0 to 5', '1ringM'),
  depth: list('Look-ahead', '1'),
  pfact: list('left, crout, right, or codes 0 to 2', 'right'),
  rfact: list('The same for the recursion', 'right'),
  nbmin: list('Columns at which the recursion stops', '8'),
  ndiv: list('Parts of a panel', '2'),
  swap: list('binary-exchange, spread-roll, mix, or codes 0 to 2', 'mix'),
  'swap-threshold': list('Columns up to which mix exchanges binarily', '64'),
  l1: list('transposed, no-transposed, or 0, 1', 'transposed'),
  u: list('--u: the same for U', 'transposed'),
  equil: list('Equilibration: yes, no', 'yes'),
  align: list('Alignment in doubles', '8'),
  threshold: list('Largest residual that passes; 0: no check', '16'),
  repeat: list('Times to run each test', '1'),
  output: { alias: 'o', ...list('File for the results, one JSON line a test', 'hpl-results.jsonl') },
  blas: list('Kernels: auto, wasm, openblas, ordered', 'auto'),
  'blas-library': list('CBLAS library for openblas: name or path'),
  'rate-limit': list('Slow the kernels down to so many Gflops a rank'),
  tuned: { type: 'boolean', describe: 'The fastest algorithms known instead of those named' },
  'warm-up': { type: 'boolean', describe: 'Warm up before tests below N = 2000 too' },
  ...LAUNCHER_OPTIONS,
  timeout: list('Give a test up after this time: seconds, or "5 min"'),
}

export const sweepCommand: CommandModule = {
  command: 'sweep',
  describe: 'Run Linpack over lists of sizes, grids and variants',
  builder: (command) =>
    command
      .usage('tsmpi hpl sweep --n N,… --grid PxQ,… [options]\n\nRuns every combination, each as a job of its own.')
      .option('file', { type: 'string', requiresArg: true, describe: 'YAML file with these options as keys' })
      .options(SWEEP_OPTIONS)
      .option('dry-run', { type: 'boolean', default: false, describe: 'Show what would run' })
      .example('$0 hpl sweep --n 2000,4000 --nb 64,128 --grid 1x2,2x1', '8 tests')
      .example('$0 hpl sweep --file sweep.yaml', 'the same from a file; options go before it'),
  handler: async (options) => {
    // To tsmpirun -n is the number of ranks, to every parser the same as --n.
    if (hideBin(process.argv).some((word) => /^-n(?!p)/.test(word)))
      throw new UsageError(['-n: a sweep starts P x Q ranks for each --grid; the order of the matrix is --n'])
    const { runSweep } = await import('./sweep/run-sweep.ts')
    process.exitCode = await runSweep(options)
  },
}
