/** The C programs that the benchmarks run beside ours, compiled when they are needed. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Compiles `peers/NAME.c` against Open MPI; undefined if there is no mpicc. The program is removed when we end. */
export function compileMpiPeer(name: string): string | undefined {
  return compile('mpicc', name, [])
}

/** Compiles `peers/NAME.c` against libzmq; undefined if there is no compiler or no libzmq for it. */
export function compileZmqPeer(name: string): string | undefined {
  try {
    return compile('gcc', name, ['-lzmq'])
  } catch {
    return undefined
  }
}

function compile(compiler: string, name: string, libraries: readonly string[]): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'tsmpi-peer-'))
  process.on('exit', () => rmSync(folder, { recursive: true }))
  const program = join(folder, name)
  try {
    const source = fileURLToPath(new URL(`peers/${name}.c`, import.meta.url))
    execFileSync(compiler, ['-O2', '-o', program, source, ...libraries])
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
