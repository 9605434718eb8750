/**
 * The Slurm allocation that tsmpirun runs in, from the environment that Slurm gives to its jobs: the nodes, and how many
 * tasks each shall have. Lists are compressed there: `n[1-3,7]` is four nodes, `2(x3),1` are four counts. A
 * heterogeneous job has all of that once for each of its components. Pure.
 */
import type { Host } from './hosts.ts'
import { UsageError } from './usage-error.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** A node of the allocation. */
export interface SlurmHost extends Host {
  readonly slots: number
  /** Component of a heterogeneous job, from 0: srun has to be told. */
  readonly component?: number
}

/** True inside a job of Slurm: of salloc, of sbatch, or in a step of srun. */
export function insideSlurm(env: Environment): boolean {
  return (env['SLURM_JOB_ID'] ?? '') !== '' && ((env['SLURM_JOB_NODELIST'] ?? '') !== '' || componentsOf(env) > 0)
}

/** Components of a heterogeneous job; 0 if it is none. */
function componentsOf(env: Environment): number {
  return Number(env['SLURM_HET_SIZE'] ?? 0)
}

/** The nodes of the allocation with their tasks as slots. @throws UsageError if Slurm's variables contradict each other */
export function slurmHosts(env: Environment): SlurmHost[] {
  const problems: string[] = []
  const count = componentsOf(env)
  const hosts =
    count === 0
      ? hostsOf(env, problems)
      : Array.from({ length: count }, (_, component) => component).flatMap((component) =>
          hostsOf(ofComponent(env, component), problems).map((host) => ({ ...host, component })),
        )
  if (problems.length > 0) throw new UsageError(problems)
  return merged(hosts).filter(({ slots }) => slots > 0)
}

/** Components may share a node: its tasks are those of all, and the first starts them. */
function merged(hosts: readonly SlurmHost[]): SlurmHost[] {
  const byName = new Map<string, SlurmHost>()
  for (const host of hosts) {
    const before = byName.get(host.name)
    byName.set(host.name, before === undefined ? host : { ...before, slots: before.slots + host.slots })
  }
  return [...byName.values()]
}

/** The variables of one component, under their usual names. */
function ofComponent(env: Environment, component: number): Environment {
  const suffix = `_HET_GROUP_${component}`
  const own = Object.entries(env).filter(([name]) => name.endsWith(suffix))
  return Object.fromEntries(own.map(([name, value]) => [name.slice(0, -suffix.length), value]))
}

function hostsOf(env: Environment, problems: string[]): SlurmHost[] {
  const before = problems.length
  const nodes = read('SLURM_JOB_NODELIST', env, expandNodelist, problems)
  const counts = countsVariable(env)
  const tasks = read(counts, env, expandCounts, problems)
  if (problems.length === before && nodes.length !== tasks.length)
    problems.push(
      `Slurm job ${env['SLURM_JOB_ID']}: ${counts}=${env[counts]} counts ${tasks.length} nodes, SLURM_JOB_NODELIST=${env['SLURM_JOB_NODELIST']} names ${nodes.length}`,
    )
  if (problems.length > before) return []
  let left = isWhole(env) ? Number(env['SLURM_NTASKS'] ?? Infinity) : Infinity
  return nodes.map((name, index) => {
    const slots = Math.min(tasks[index] as number, left)
    left -= slots
    return { name, slots }
  })
}

/** True if the counts of tasks are those of the job. In a step, such as the shell of `srun --pty`, they are the step's. */
function isWhole(env: Environment): boolean {
  return env['SLURM_STEP_ID'] === undefined || env['SLURM_STEP_NODELIST'] === env['SLURM_JOB_NODELIST']
}

/** Which variable says how many ranks each node takes: its tasks, or in a step the cores that the job has there. */
function countsVariable(env: Environment): string {
  return env['SLURM_TASKS_PER_NODE'] !== undefined && isWhole(env) ? 'SLURM_TASKS_PER_NODE' : 'SLURM_JOB_CPUS_PER_NODE'
}

function read<T>(name: string, env: Environment, expand: (text: string) => T[], problems: string[]): T[] {
  const text = env[name] ?? ''
  try {
    return expand(text)
  } catch (error) {
    problems.push(`${name} is ${JSON.stringify(text)}: ${(error as Error).message}`)
    return []
  }
}

/** More than any cluster has: a typing error must not fill the memory. */
const MOST_NODES = 100_000

/**
 * The names in a list of nodes: `a,n[1-3,07-09]x[0-1]` gives a, n1x0, n1x1, n2x0 … in the order of the list; numbers keep
 * their leading zeros.
 *
 * @throws Error that says what is no list of nodes
 */
export function expandNodelist(list: string): string[] {
  const names = splitOutsideBrackets(list).flatMap(expandName)
  if (names.length > MOST_NODES) throw new Error(`more than ${MOST_NODES} nodes`)
  return names
}

/** Cuts at the commas that are in no bracket. */
function splitOutsideBrackets(list: string): string[] {
  const words = list.match(/(?:[^,[\]]|\[[^[\]]*\])+/g) ?? []
  if (words.length === 0 || words.join(',') !== list) throw new Error('expected names such as n[1-3,7],login')
  return words
}

function expandName(word: string): string[] {
  const parts = word.split(/(\[[^\]]*\])/)
  return parts.reduce<string[]>(
    (names, part) => {
      const alternatives = part.startsWith('[') ? expandRanges(part.slice(1, -1)) : [part]
      if (names.length * alternatives.length > MOST_NODES) throw new Error(`more than ${MOST_NODES} nodes`)
      return names.flatMap((name) => alternatives.map((alternative) => name + alternative))
    },
    [''],
  )
}

/** Numbers of a bracket: `1-3,07`. */
function expandRanges(text: string): string[] {
  return text.split(',').flatMap((range) => {
    const [, first = '', last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? []
    const [low, high] = [Number(first), Number(last)]
    if (first === '' || high < low || high - low >= MOST_NODES)
      throw new Error(`"${range}" is no range of numbers such as 1-3`)
    return Array.from({ length: high - low + 1 }, (_, i) => String(low + i).padStart(first.length, '0'))
  })
}

/** Counts a node: `2(x3),1` gives 2, 2, 2, 1. @throws Error that says what is no count */
export function expandCounts(list: string): number[] {
  const counts = list.split(',').flatMap((word) => {
    const [, count = '', times = '1'] = /^(\d+)(?:\(x(\d+)\))?$/.exec(word) ?? []
    if (Number(count) < 1 || Number(times) < 1 || Number(times) > MOST_NODES)
      throw new Error(`"${word}" is no count such as 2 or 2(x3)`)
    return Array<number>(Number(times)).fill(Number(count))
  })
  if (counts.length > MOST_NODES) throw new Error(`more than ${MOST_NODES} nodes`)
  return counts
}
