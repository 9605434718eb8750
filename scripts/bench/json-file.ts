/** The option `--json FILE` of the benchmarks: a file that could not be written is refused before anything is measured. */
import { tryToWrite } from '../../runtime/base/try-to-write.ts'

/** For yargs. */
export const JSON_FILE = { type: 'string', describe: 'file for the results', coerce: writable } as const

/** The path itself. @throws Error if it is not one path, or if it cannot be written */
function writable(path: string | readonly string[] | undefined): string | undefined {
  if (path === undefined) return undefined
  if (typeof path !== 'string' || path === '') throw new Error('--json: expected the name of one file')
  try {
    tryToWrite(path)
  } catch (error) {
    throw new Error(`--json: cannot write ${path}: ${(error as Error).message}`, { cause: error })
  }
  return path
}
