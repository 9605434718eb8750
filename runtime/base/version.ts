/** The version of this installation, from its package file. */
import { readFileSync } from 'node:fs'

/** Compiled code lies one folder deeper than its sources: dist/runtime/base and runtime/base. */
const PACKAGE_FILES = ['../../../package.json', '../../package.json']

/** @throws Error if the package file is not where it belongs */
export function installedVersion(): string {
  for (const path of PACKAGE_FILES) {
    const text = readText(new URL(path, import.meta.url))
    const parsed = text === undefined ? undefined : (JSON.parse(text) as { name: string; version: string })
    if (parsed?.name === 'tsmpi') return parsed.version
  }
  throw new Error('package.json of tsmpi is not beside its code: the installation is damaged')
}

function readText(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
