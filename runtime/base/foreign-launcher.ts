/**
 * Recognises that another launcher, such as mpirun or srun, has started several copies of this process, and ends them with
 * one explanation. tsmpirun starts one process a host and the ranks in it; copies would each be a world of their own.
 */

import { shellQuote } from './shell-quote.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Variables by which launchers tell their processes how many there are, and which one this is. First row that fits. */
const LAUNCHERS = [
  { name: 'mpirun', size: 'OMPI_COMM_WORLD_SIZE', rank: 'OMPI_COMM_WORLD_RANK' },
  { name: 'mpirun', size: 'MV2_COMM_WORLD_SIZE', rank: 'MV2_COMM_WORLD_RANK' },
  { name: 'mpiexec', size: 'PMI_SIZE', rank: 'PMI_RANK' },
  { name: 'jsrun', size: 'JSM_NAMESPACE_SIZE', rank: 'JSM_NAMESPACE_RANK' },
  { name: 'flux run', size: 'FLUX_JOB_SIZE', rank: 'FLUX_TASK_RANK' },
  // Not SLURM_NTASKS: a batch script has it too, and is one process.
  { name: 'srun', size: 'SLURM_STEP_NUM_TASKS', rank: 'SLURM_PROCID' },
] as const

/** Set to 1 if every copy shall be a world, or a job, of its own. */
const SINGLETON = 'TSMPI_SINGLETON'

export interface ForeignLauncher {
  /** Command that started the copies. */
  readonly name: string
  readonly copies: number
  /** Which copy this is; 0 if the launcher does not say. */
  readonly copy: number
}

/** The launcher that has started this process as one of several copies; undefined if there is none. */
export function foreignLauncher(env: Environment): ForeignLauncher | undefined {
  if (env[SINGLETON] === '1') return undefined
  const launcher = LAUNCHERS.find(({ size }) => Number(env[size]) > 1)
  if (launcher === undefined) return undefined
  const { size, rank } = launcher
  // srun speaks the protocol of mpiexec, too.
  const name = env[size] === env['SLURM_STEP_NUM_TASKS'] ? 'srun' : launcher.name
  return { name, copies: Number(env[size]), copy: Number(env[rank] ?? 0) }
}

/** Launchers kill the other copies when one fails: the first one shall have printed by then. */
const PATIENCE_MS = 3000

/**
 * Ends all copies with this exit code; the first one says why.
 *
 * @param what what there are copies of, and what each of them would be
 * @param words of the command to use instead
 */
export async function endCopies(
  { name, copies, copy }: ForeignLauncher,
  { what, words, exitCode }: { readonly what: string; readonly words: readonly string[]; readonly exitCode: number },
): Promise<never> {
  const text = [
    `tsmpi: ${name} started ${copies} copies of ${what}.`,
    'tsmpirun starts the ranks itself; in a Slurm allocation (salloc, sbatch) it takes the nodes from there:',
    `  ${words.map(shellQuote).join(' ')}`,
    `If independent copies are what you want, set ${SINGLETON}=1.`,
  ]
  if (copy === 0) process.stderr.write(`${text.join('\n')}\n`)
  else await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))
  return process.exit(exitCode)
}
