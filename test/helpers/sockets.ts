/** Sockets of processes, from /proc: whether what a job had opened is gone when it has ended. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { until } from './until.ts'

const TABLES = ['tcp', 'tcp6', 'unix']

/** Inodes of all sockets that a process has open. */
export function socketsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
    } catch {
      return [] // closed meanwhile
    }
  })
}

/**
 * Waits until the system has none of the sockets any more; returns those that it still has after `limitMs`. A process of
 * many threads is dead a moment before the last of them has closed what it had open.
 */
export async function openSockets(inodes: readonly string[], limitMs: number): Promise<string[]> {
  await until(
    () => open(inodes).length === 0,
    limitMs,
    () => '',
  ).catch(() => undefined)
  return open(inodes)
}

function open(inodes: readonly string[]): string[] {
  const known = new Set(TABLES.flatMap((table) => readFileSync(`/proc/net/${table}`, 'utf8').split(/\s+/)))
  return inodes.filter((inode) => known.has(inode))
}
