/**
 * Looks for a CBLAS library in the places where systems keep them. Only the file system is asked; nothing is loaded.
 */

import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

/** Names by platform, best first: the fastest on most machines, then the most common. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  linux: [
    'libopenblas.so.0',
    'libopenblas.so',
    'libmkl_rt.so.2',
    'libmkl_rt.so',
    'libblis.so.4',
    'libblis.so.3',
    'libblis.so',
  ],
  darwin: ['libopenblas.0.dylib', 'libopenblas.dylib', 'libmkl_rt.2.dylib', 'libblis.4.dylib', 'libblis.dylib'],
  win32: ['libopenblas.dll', 'openblas.dll', 'mkl_rt.2.dll', 'mkl_rt.dll', 'blis.dll', 'libblis.dll'],
}

/** Folders by platform; a star stands for any run of characters in one name. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  linux: [
    '/usr/local/lib',
    '/usr/local/lib64',
    '/opt/OpenBLAS/lib',
    '/usr/lib/*-linux-*',
    '/usr/lib/*-linux-*/openblas-*',
    '/usr/lib/*-linux-*/blis-*',
    '/usr/lib64',
    '/usr/lib64/openblas-*',
    '/usr/lib',
    '/usr/lib/openblas-*',
    '/opt/intel/oneapi/mkl/latest/lib',
    '/opt/intel/oneapi/mkl/latest/lib/intel64',
  ],
  darwin: ['/opt/homebrew/opt/openblas/lib', '/usr/local/opt/openblas/lib', '/opt/homebrew/lib', '/usr/local/lib'],
  win32: ['C:/OpenBLAS/bin', 'C:/Program Files (x86)/Intel/oneAPI/mkl/latest/bin'],
}

/** The dynamic loader's own variable, searched first. */
const SEARCH_VARIABLE: Readonly<Record<string, string>> = {
  linux: 'LD_LIBRARY_PATH',
  darwin: 'DYLD_LIBRARY_PATH',
  win32: 'PATH',
}

/** Part of macOS; it lives in the loader's cache, where no file can be seen. */
const ACCELERATE = '/System/Library/Frameworks/Accelerate.framework/Accelerate'

/**
 * Path of a CBLAS library, or undefined. Local.
 *
 * @param nameOrPath what the user asked for: a path, a file name ("libblis.so.4") or part of one ("mkl"); default: any
 */
export function findCblas(nameOrPath?: string): string | undefined {
  if (nameOrPath !== undefined && /[/\\]/.test(nameOrPath)) return existsSync(nameOrPath) ? nameOrPath : undefined
  const folders = searchedFolders()
  for (const name of wantedNames(nameOrPath)) {
    const folder = folders.find((candidate) => existsSync(path.join(candidate, name)))
    if (folder !== undefined) return path.join(folder, name)
  }
  const accelerate = nameOrPath === undefined || 'accelerate'.includes(nameOrPath.toLowerCase())
  return process.platform === 'darwin' && accelerate ? ACCELERATE : undefined
}

/** What a search without a path looks for and where, for error messages. */
export function searchedCblas(nameOrPath?: string): { names: readonly string[]; folders: readonly string[] } {
  return { names: wantedNames(nameOrPath), folders: searchedFolders() }
}

function wantedNames(asked: string | undefined): readonly string[] {
  const known = NAMES[process.platform] ?? []
  if (asked === undefined) return known
  const fitting = known.filter((name) => name.includes(asked.toLowerCase()))
  return fitting.length > 0 ? fitting : [asked]
}

function searchedFolders(): readonly string[] {
  const variable = process.env[SEARCH_VARIABLE[process.platform] ?? ''] ?? ''
  const own = variable.split(path.delimiter).filter((folder) => folder !== '')
  return [...own, ...(FOLDERS[process.platform] ?? []).flatMap(expand)]
}

/** The existing folders that a pattern of FOLDERS stands for. */
function expand(pattern: string): readonly string[] {
  const star = pattern.indexOf('*')
  if (star < 0) return existsSync(pattern) ? [pattern] : []
  const parent = pattern.slice(0, pattern.lastIndexOf('/', star))
  const [name = '', ...rest] = pattern.slice(parent.length + 1).split('/')
  const matches = new RegExp(`^${name.replaceAll('*', '.*')}$`)
  return listed(parent)
    .filter((entry) => matches.test(entry))
    .flatMap((entry) => expand([parent, entry, ...rest].join('/')))
}

function listed(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : []
}
