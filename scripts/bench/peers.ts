/** The C programs that the benchmarks run beside ours, compiled when they are needed. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Compiles `peers/NAME.c` against Open MPI; undefined if there is no mpicc. The program is removed when we end. */
export function compileMpiPeer(name: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'tsmpi-peer-'))
  process.on('exit', () => rmSync(folder, { recursive: true }))
  const program = join(folder, name)
  try {
    execFileSync('mpicc', ['-O2', '-o', program, fileURLToPath(new URL(`peers/${name}.c`, import.meta.url))])
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return program
}

/** Arguments with which mpirun starts `ranks` ranks here, as root too, and with more ranks than cores. */
export function mpirunArguments(ranks: number, program: string): string[] {
  const asRoot = process.getuid?.() === 0 ? ['--allow-run-as-root'] : []
  return [...asRoot, '--oversubscribe', '-np', String(ranks), program]
}
