/**
 * What the tests of labs share: the recorded work of a student who did everything right (examples/labs/NN-name/solution),
 * and what the grader says of it after a change.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { AnswersFile } from '../../commands/lab/answers.ts'
import type { LabEntry } from '../../commands/lab/catalogue.ts'
import { grade } from '../../commands/lab/grade.ts'
import type { Finding } from '../../commands/lab/lab.ts'
import { readResults } from '../../commands/lab/results.ts'

/** Results and answers, to be changed at will. */
export interface Work {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  results: any
  prediction: Record<string, unknown>
  answers: Record<string, unknown>
  /** The prediction as it was when the lab was run. */
  recorded: Record<string, unknown>
}

/** What the grader says of the recorded work once `change` has been at it. */
export async function gradeAfter(entry: LabEntry, change: (work: Work) => void): Promise<readonly Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tsmpi-test-lab-'))
  try {
    cpSync(join(entry.folder, 'solution'), folder, { recursive: true })
    const answers = parse(readFileSync(join(folder, 'answers.yaml'), 'utf8')) as Work
    const envelope = readResults(folder)
    const work = { ...answers, results: envelope.results, recorded: envelope.prediction }
    change(work)
    writeFileSync(
      join(folder, 'answers.yaml'),
      stringify({ ...answers, prediction: work.prediction, answers: work.answers }),
    )
    return grade(await entry.load(), entry.number, new AnswersFile(folder), {
      ...envelope,
      results: work.results,
      prediction: work.recorded,
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** What is wrong, a line each. */
export function wrongs(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ kind, text }) => (kind === 'wrong' ? [text] : []))
}
