/**
 * The labs of this installation: the folders examples/labs/NN-name. Their texts and starters are read where they are;
 * their check.ts is compiled beside this module. Layer below: lab.ts.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../../runtime/launcher/usage-error.ts'
import type { Lab } from './lab.ts'

const COMPILED = import.meta.url.endsWith('.js')
/** Compiled code lies one folder deeper than its sources. */
const LABS = fileURLToPath(new URL(`../../${COMPILED ? '../' : ''}examples/labs/`, import.meta.url))
const CODE = new URL('../../examples/labs/', import.meta.url)

export interface LabEntry {
  readonly number: number
  /** NN-name */
  readonly name: string
  /** With README, starter and solution. */
  readonly folder: string
  load(): Promise<Lab>
}

/** All labs, by number. */
export function listLabs(): LabEntry[] {
  return readdirSync(LABS)
    .filter((name) => /^\d\d-/.test(name) && existsSync(join(LABS, name, 'README.md')))
    .sort()
    .map((name) => ({
      number: Number.parseInt(name, 10),
      name,
      folder: join(LABS, name),
      load: async () =>
        ((await import(new URL(`${name}/check.${COMPILED ? 'js' : 'ts'}`, CODE).href)) as { lab: Lab }).lab,
    }))
}

/** The lab that is meant by "3" or "03-wire". @throws UsageError if there is none */
export function findLab(word: string): LabEntry {
  const labs = listLabs()
  const found = labs.find(({ number, name }) => name === word || (/^\d+$/.test(word) && number === Number(word)))
  if (found !== undefined) return found
  throw new UsageError([
    `lab "${word}": expected one of ${labs.map(({ number }) => number).join(', ')}; see tsmpi lab list`,
  ])
}
