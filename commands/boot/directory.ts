/**
 * Writes rendered files into a directory. Invariant: nothing outside it is written or removed, whatever links it holds,
 * and nothing is written at all if something is in the way. Layer below: rendered-file.ts.
 */
import { createHash } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UsageError } from '../../runtime/launcher/usage-error.ts'
import type { RenderedFile } from './rendered-file.ts'

/** The list of what was rendered, as `sha256sum --check` reads it. */
const MANIFEST = 'MANIFEST'

export interface Written {
  /** Files of an earlier rendering that are no longer part of it and were removed. */
  readonly removed: readonly string[]
  /** Files that somebody had changed since they were rendered, and that were written anew. */
  readonly changed: readonly string[]
}

/**
 * Writes all files, and takes away what an earlier rendering wrote and this one does not have.
 *
 * @param force whether the directory may hold files already
 * @throws UsageError if it holds files and `force` is not set, or if something in it is in the way
 */
export function writeDirectory(directory: string, files: readonly RenderedFile[], force: boolean): Written {
  const found = kindOf(directory)
  if (found !== 'none' && found !== 'directory' && found !== 'link')
    throw new UsageError([`--output ${directory} is no directory`])
  if (!force && found !== 'none' && readdirSync(directory).length > 0)
    throw new UsageError([`--output ${directory} is not empty: name another directory, or write over it with --force`])
  const before = readManifest(directory)
  const stale = [...before.keys()].filter((path) => !files.some((file) => file.path === path))
  const problems = [MANIFEST, ...files.map(({ path }) => path), ...stale].flatMap((path) => obstacles(directory, path))
  if (problems.length > 0) throw new UsageError([...new Set(problems)])

  const removed = stale.filter((path) => kindOf(join(directory, path)) === 'file')
  const changed = files.flatMap(({ path }) => (isChanged(join(directory, path), before.get(path)) ? [path] : []))
  for (const path of removed) rmSync(join(directory, path))
  for (const file of files) writeOne(join(directory, file.path), file)
  const manifest = files.map(({ path, text }) => `${digest(text)}  ${path}\n`).join('')
  writeFileSync(join(directory, MANIFEST), manifest)
  return { removed, changed }
}

function writeOne(path: string, { text, executable = false }: RenderedFile): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  chmodSync(path, executable ? 0o755 : 0o644)
}

/** Digests by path; empty if there is no list. */
function readManifest(directory: string): Map<string, string> {
  if (kindOf(join(directory, MANIFEST)) !== 'file') return new Map()
  const lines = readFileSync(join(directory, MANIFEST), 'utf8').split('\n')
  return new Map(
    lines.flatMap((line) => {
      const [, hash, path] = /^([0-9a-f]{64}) {2}((?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)*[A-Za-z0-9_-][A-Za-z0-9._-]*)$/.exec(line) ?? [] // prettier-ignore
      return hash === undefined || path === undefined ? [] : [[path, hash] as const]
    }),
  )
}

function isChanged(path: string, hash: string | undefined): boolean {
  return hash !== undefined && kindOf(path) === 'file' && digest(readFileSync(path)) !== hash
}

function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** Why a file may not be written here: a link would lead elsewhere, a directory or a file is in its place. */
function obstacles(directory: string, path: string): string[] {
  const steps = path.split('/').map((_, index, all) => all.slice(0, index + 1).join('/'))
  return steps.flatMap((step) => {
    const expected = step === path ? 'file' : 'directory'
    const kind = kindOf(join(directory, step))
    return kind === 'none' || kind === expected
      ? []
      : [`${join(directory, step)} is a ${kind}, expected a ${expected}: nothing was written`]
  })
}

/** What is there itself; a link is not followed. */
function kindOf(path: string): 'none' | 'file' | 'directory' | 'link' | 'device' {
  const status = lstatSync(path, { throwIfNoEntry: false })
  if (status === undefined) return 'none'
  if (status.isSymbolicLink()) return 'link'
  return status.isDirectory() ? 'directory' : status.isFile() ? 'file' : 'device'
}
