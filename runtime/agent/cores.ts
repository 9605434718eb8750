/**
 * The cores of this machine, and which of its processors a list of cores means. A core is what hwloc calls one: the
 * processors (hardware threads) that share it count as one. Cores are numbered from 0, socket by socket, and only those
 * that this process may use are counted, so that numbers are the same as `lstopo` and Open MPI have them.
 */
import { readFileSync, readdirSync } from 'node:fs'

/** Cores that a rank shall run on, all of these: by number in a socket, or on the machine. */
export type CoreList = readonly {
  /** Absent: numbers count all cores of the machine. */
  readonly socket?: number
  readonly cores: readonly number[] | 'all'
  /** Numbers beyond the last core begin again with the first: ranks may share cores. */
  readonly wrap?: true
}[]

/** The cores that each rank is bound to, by world rank; undefined: not bound. */
export type Bindings = readonly (CoreList | undefined)[]

export interface Core {
  /** Number of its socket, as the system has it. */
  readonly socket: number
  /** Its processors, as the system numbers them, ascending. */
  readonly processors: readonly number[]
}

/** Cores of this machine in the order of their numbers; undefined if the system does not tell. */
export function readCores(sys = '/sys/devices/system/cpu', status = '/proc/self/status'): readonly Core[] | undefined {
  try {
    const allowed = new Set(allowedProcessors(status))
    const cores = new Map<string, { socket: number; processors: number[] }>()
    for (const processor of processorsIn(sys).filter((one) => allowed.has(one))) {
      const topology = `${sys}/cpu${processor}/topology`
      const socket = Math.max(numberIn(`${topology}/physical_package_id`), 0) // -1: a system without sockets
      const key = `${socket} ${readFileSync(`${topology}/thread_siblings_list`, 'utf8')}`
      const core = cores.get(key) ?? { socket, processors: [] }
      core.processors.push(processor)
      cores.set(key, core)
    }
    return [...cores.values()].sort((a, b) => a.socket - b.socket || (a.processors[0] ?? 0) - (b.processors[0] ?? 0))
  } catch {
    return undefined
  }
}

/** Processors that a process or thread may use. @throws if the system has no such file */
export function allowedProcessors(status: string): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(status, 'utf8'))?.[1]
  if (list === undefined) throw new Error(`${status} names no processors`)
  return list.split(',').flatMap((part) => {
    const [first = NaN, last = first] = part.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}

/** Processors of a list of cores, ascending. @throws RangeError if the machine has no such core, with what it has */
export function processorsOf(list: CoreList, cores: readonly Core[]): number[] {
  const found = list.flatMap(({ socket, cores: wanted, wrap }) => {
    const sockets = [...new Set(cores.map((core) => core.socket))]
    if (socket !== undefined && socket >= sockets.length)
      throw new RangeError(`there is no socket ${socket}, sockets are ${numbers(sockets.length)}`)
    const known = socket === undefined ? cores : cores.filter((core) => core.socket === sockets[socket])
    if (wanted === 'all') return known
    return wanted.map((index) => {
      const core = known[wrap ? index % known.length : index]
      const where = socket === undefined ? '' : ` in socket ${socket}`
      if (core === undefined)
        throw new RangeError(`there is no core ${index}${where}, cores are ${numbers(known.length)}`)
      return core
    })
  })
  return [...new Set(found.flatMap(({ processors }) => processors))].sort((a, b) => a - b)
}

function numbers(count: number): string {
  return count === 1 ? '0' : `0 to ${count - 1}`
}

function processorsIn(sys: string): number[] {
  return readdirSync(sys)
    .flatMap((name) => /^cpu(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
}

function numberIn(file: string): number {
  return Number(readFileSync(file, 'utf8'))
}

/** A list of cores as users write it: `0,2`, `1:0-2` or `0:*`. */
export function coreListText(list: CoreList): string {
  const part = ({ socket, cores, wrap }: CoreList[number]): string => {
    const where = socket === undefined ? '' : `${socket}:`
    return `${where}${cores === 'all' ? '*' : rangesText(cores)}${wrap ? ' (shared)' : ''}`
  }
  return list.map(part).join(';')
}

/** Ascending numbers with runs shortened: `0-3,8`. */
export function rangesText(values: readonly number[], separator = ','): string {
  const runs: [number, number][] = []
  for (const value of values) {
    const run = runs.at(-1)
    if (run !== undefined && value === run[1] + 1) run[1] = value
    else runs.push([value, value])
  }
  return runs
    .map(([first, last]) => (first === last ? `${first}` : `${first}${last === first + 1 ? separator : '-'}${last}`))
    .join(separator)
}
