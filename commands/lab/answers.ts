/**
 * answers.yaml: which lab it is, the prediction, the answers. Every mistake is told with its line, all together.
 * Layer below: sweep/yaml-file.ts, lab.ts.
 */
import { join } from 'node:path'
import { UsageError } from '../../runtime/launcher/usage-error.ts'
import { yamlSource, type YamlSource } from '../sweep/yaml-file.ts'
import type { Answers, Questions } from './lab.ts'

export const ANSWERS_FILE = 'answers.yaml'

export type Section = 'prediction' | 'answers'

/** The file of a student's folder. */
export class AnswersFile {
  readonly #source: YamlSource

  /** @throws UsageError if the file cannot be read or is no YAML */
  constructor(folder: string) {
    this.#source = readAnswers(join(folder, ANSWERS_FILE))
  }

  /** The number of the lab that these answers belong to. */
  get lab(): unknown {
    return this.#source.values['lab']
  }

  /** What a section holds, checked or not. */
  raw(section: Section): Readonly<Record<string, unknown>> {
    const value = this.#source.values[section]
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  }

  /** One line for each blank of a section that is not filled in, or not as it must be, and for each unknown key. */
  problems(section: Section, questions: Questions): string[] {
    const raw = this.raw(section)
    const unknown = Object.keys(raw).filter((key) => !(key in questions))
    return [
      ...Object.entries(questions).flatMap(([key, { schema, expected }]) => {
        const value = raw[key] ?? undefined
        if (schema.safeParse(value).success) return []
        const read = value === undefined ? 'is not filled in' : `read ${JSON.stringify(value)}`
        return [`${this.#where(section, key)}: ${read}, expected ${expected}`]
      }),
      ...unknown.map((key) => `${this.#where(section, key)}: no such question; expected ${Object.keys(questions).join(', ')}`), // prettier-ignore
    ]
  }

  /** A section. @throws UsageError with every mistake */
  section<Q extends Questions>(section: Section, questions: Q): Answers<Q> {
    const problems = this.problems(section, questions)
    if (problems.length > 0) throw new UsageError(problems)
    return this.raw(section) as Answers<Q>
  }

  #where(section: Section, key: string): string {
    return `${this.#source.place([section, key])}: ${section}.${key}`
  }
}

/** @throws UsageError, for mistakes of grammar with what the grammar is: a student need not know YAML */
function readAnswers(path: string): YamlSource {
  try {
    return yamlSource(path)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new UsageError([
      error.message,
      `${path}: a line is "name: value", with a space after the colon; a text stands below "why: >", each line of it indented by four spaces`,
    ])
  }
}
