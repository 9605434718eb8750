/** A name of this machine that no other has, whatever its hosts are called. */
import { readFileSync } from 'node:fs'

/** The same in all processes of a running kernel, also in containers and namespaces. Undefined if the system has none (Linux has). */
export function machineName(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch {
    return undefined
  }
}
