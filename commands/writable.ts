/** Whether files of results can be written, asked before anything runs: minutes of measurement must not end with that. */
import { closeSync, existsSync, openSync, rmSync } from 'node:fs'
import { UsageError } from '../runtime/launcher/usage-error.ts'

/**
 * Leaves all files as they are, and makes none.
 *
 * @param files by the option that names them; '' for none
 * @throws UsageError that names all that cannot be written
 */
export function checkWritable(files: Readonly<Record<string, string>>): void {
  const problems = Object.entries(files).flatMap(([option, file]) => (file === '' ? [] : unwritable(option, file)))
  if (problems.length > 0) throw new UsageError(problems)
}

function unwritable(option: string, file: string): string[] {
  const isNew = !existsSync(file)
  try {
    closeSync(openSync(file, 'a'))
  } catch (error) {
    return [`${option} ${file} cannot be written: ${(error as Error).message}`]
  }
  if (isNew) rmSync(file)
  return []
}
