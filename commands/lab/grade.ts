/** Grades a student's work: from answers and results to the lines of a report. Layer below: lab.ts, answers.ts, results.ts. */
import type { AnswersFile } from './answers.ts'
import { expect, type Finding, type Lab } from './lab.ts'
import { describeIssues, RESULTS_FILE, type ResultsEnvelope } from './results.ts'

/** All findings, those that every lab has first. Local. */
export function grade(lab: Lab, number: number, answers: AnswersFile, envelope: ResultsEnvelope): Finding[] {
  const early = [...predictionFindings(lab, answers, envelope), ...formFindings(lab, number, answers, envelope)]
  if (early.some(({ kind }) => kind === 'wrong')) return early
  const results = lab.results.parse(envelope.results)
  const work = {
    results,
    prediction: answers.section('prediction', lab.predictions),
    answers: answers.section('answers', lab.answers),
  }
  return [...early, ...lab.check(work)]
}

/** Whether nothing is wrong. Local. */
export function passed(findings: readonly Finding[]): boolean {
  return findings.every(({ kind }) => kind !== 'wrong')
}

function predictionFindings({ predictions }: Lab, answers: AnswersFile, { prediction }: ResultsEnvelope): Finding[] {
  const problems = answers.problems('prediction', predictions)
  if (problems.length > 0) return problems.map((text) => ({ kind: 'wrong', text }))
  const changed = Object.keys(predictions).filter(
    (key) => JSON.stringify(prediction[key]) !== JSON.stringify(answers.raw('prediction')[key]),
  )
  const wrong = `prediction.${changed.join(', prediction.')}: was different when the lab was run. A wrong prediction costs nothing: put back what you wrote, ${changed.map((key) => JSON.stringify(prediction[key] ?? null)).join(', ')}`
  return [expect(changed.length === 0, 'the prediction was written down before the run', wrong)]
}

function formFindings(lab: Lab, number: number, answers: AnswersFile, envelope: ResultsEnvelope): Finding[] {
  const wrong = (text: string): Finding => ({ kind: 'wrong', text })
  if (envelope.lab !== number) return [wrong(`${RESULTS_FILE}: these are results of lab ${envelope.lab}`)]
  if (envelope.quick) return [wrong(`${RESULTS_FILE}: measured with --quick, a rehearsal: run it without`)]
  const parsed = lab.results.safeParse(envelope.results)
  return [
    ...(parsed.success
      ? [expect(true, 'the results are complete and well-formed', '')]
      : describeIssues(RESULTS_FILE, parsed.error).map(wrong)),
    ...answers.problems('answers', lab.answers).map(wrong),
  ]
}
