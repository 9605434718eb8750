/**
 * Which algorithms the collectives of a job shall use: `--collective`, TSMPI_COLLECTIVE, and the tuning file. Checked before
 * anything is started.
 */
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseTuning, problemsOfAlgorithms, type Algorithms, type JobSelection, type Tuning } from '../base/tuning.ts'
import { UsageError } from './usage-error.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Where `tsmpi tune` writes and tsmpirun looks if no file is named. */
export function defaultTuningFile(env: Environment = process.env): string {
  return join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'tsmpi', 'tuning.json')
}

/** @throws UsageError for every mistake, with what is allowed */
export function readSelection(
  { collectives, tuning }: { readonly collectives: readonly string[]; readonly tuning: string | undefined },
  env: Environment = process.env,
): JobSelection {
  const words = (env['TSMPI_COLLECTIVE'] ?? '').split(',').filter((word) => word !== '')
  const forced = { ...pairs('TSMPI_COLLECTIVE', words), ...pairs('--collective', collectives) }
  return { forced, tuned: readTuning(tuning, env) }
}

/** COLLECTIVE=ALGORITHM words as an object. */
function pairs(option: string, words: readonly string[]): Algorithms {
  const algorithms = Object.fromEntries(words.map((word) => word.split(/=(.*)/s, 2).map((part) => part.trim())))
  const problems = problemsOfAlgorithms(algorithms as Record<string, unknown>)
  if (problems.length > 0) throw new UsageError(problems.map((problem) => `${option} ${problem}`))
  return algorithms as Algorithms
}

function readTuning(named: string | undefined, env: Environment): Tuning {
  if (named === 'none') return {}
  const file = named ?? defaultTuningFile(env)
  if (named === undefined && !existsSync(file)) return {}
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError([`tuning file "${file}" cannot be read: ${(error as Error).message}`])
  }
  const { rules, problems } = parseTuning(text)
  if (problems.length > 0) throw new UsageError(problems.map((problem) => `tuning file "${file}": ${problem}`))
  return rules
}
