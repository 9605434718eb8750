/**
 * The four things one does with a lab: list, start, run, check. Invariant: nothing of the student's is overwritten but
 * results.json and picture.svg, and nothing is measured before the prediction is written down.
 * Layer below: the other files of this folder.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { exitCodeOf } from '../../runtime/launcher/job.ts'
import { UsageError } from '../../runtime/launcher/usage-error.ts'
import { ANSWERS_FILE, AnswersFile } from './answers.ts'
import { findLab, listLabs, type LabEntry } from './catalogue.ts'
import { drawFigure } from './figures.ts'
import { grade, passed } from './grade.ts'
import { JobFailure, runJobs } from './jobs.ts'
import type { Finding, Lab } from './lab.ts'
import { describeIssues, readResults, RESULTS_FILE, writeResults } from './results.ts'

export const PICTURE_FILE = 'picture.svg'
const WIDTH = 80

/** Prints number, title and length of every lab. */
export async function list(): Promise<number> {
  for (const entry of listLabs()) {
    const { title, seconds } = await entry.load()
    process.stdout.write(`${String(entry.number).padStart(3)}  ${title.padEnd(60)} ${String(seconds).padStart(4)} s\n`)
  }
  process.stdout.write('\nBegin with: tsmpi lab start 1\n')
  return 0
}

/** Copies what a student needs. @throws UsageError if the folder holds something already */
export function startLab(word: string, folder: string | undefined): number {
  const entry = findLab(word)
  const into = folder ?? entry.name
  if (existsSync(into) && readdirSync(into).length > 0)
    throw new UsageError([`${into} is not empty; name another folder: tsmpi lab start ${entry.number} FOLDER`])
  mkdirSync(into, { recursive: true })
  cpSync(join(entry.folder, 'starter'), into, { recursive: true })
  cpSync(join(entry.folder, 'README.md'), join(into, 'README.md'))
  process.stdout.write(`${into}: ${readdirSync(into).sort().join(', ')}\nBegin with ${join(into, 'README.md')}\n`)
  return 0
}

/** Measures; prints and draws what came out. */
export async function runLab(word: string, given: string | undefined, quick: boolean): Promise<number> {
  const entry = findLab(word)
  const { folder, answers } = findWork(entry, given)
  const lab = await entry.load()
  const prediction = answers.section('prediction', lab.predictions)
  const jobs = lab.jobs({ folder, source: entry.folder, quick })
  const began = performance.now()
  const outcome = await interruptible(async (signal) => lab.collect(await runJobs(jobs, folder, signal)))
  if ('exitCode' in outcome) return outcome.exitCode
  const parsed = lab.results.safeParse(outcome.measured)
  if (!parsed.success) {
    process.stderr.write(describeIssues('the output of your program', parsed.error).map((line) => `tsmpi: ${line}\n`).join('')) // prettier-ignore
    return 1
  }
  const seconds = Math.round((performance.now() - began) / 100) / 10
  writeResults(folder, { lab: entry.number, quick, seconds, prediction, results: parsed.data })
  await show(lab, parsed.data, folder)
  const there = relative('', folder)
  process.stdout.write(`results: ${join(there, RESULTS_FILE)}\npicture: ${join(there, PICTURE_FILE)}\n`)
  process.stdout.write(
    `Now fill in the answers in ${join(there, ANSWERS_FILE)}, then: tsmpi lab check ${entry.number}\n`,
  )
  return 0
}

async function show(lab: Lab, results: unknown, folder: string): Promise<void> {
  const figures = lab.figures(results)
  for (const figure of figures) process.stdout.write(`${drawFigure(figure, WIDTH)}\n`)
  const { drawPicture } = await import('./picture.ts')
  writeFileSync(join(folder, PICTURE_FILE), drawPicture(lab.title, figures))
}

type Outcome = { readonly measured: unknown } | { readonly exitCode: number }

/** What was measured, or an exit code if the user interrupted it or a job failed. */
async function interruptible(work: (signal: AbortSignal) => Promise<unknown>): Promise<Outcome> {
  const interrupt = new AbortController()
  const stop = (signal: NodeJS.Signals): void => interrupt.abort(signal)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, stop)
  try {
    return { measured: await work(interrupt.signal) }
  } catch (error) {
    if (interrupt.signal.aborted) return { exitCode: exitCodeOf(interrupt.signal.reason as NodeJS.Signals) }
    if (!(error instanceof JobFailure)) throw error
    process.stderr.write(`${error.message.replace(/^/gm, 'tsmpi: ')}\n`)
    return { exitCode: 1 }
  } finally {
    for (const signal of signals) process.off(signal, stop)
  }
}

/** Grades; exit code 0 if nothing is wrong, 1 if something is. */
export async function checkLab(word: string, given: string | undefined): Promise<number> {
  const entry = findLab(word)
  const { folder, answers } = findWork(entry, given)
  const lab = await entry.load()
  const findings = grade(lab, entry.number, answers, readResults(folder))
  process.stdout.write(`Lab ${entry.number}: ${lab.title}\n${findings.map(describeFinding).join('')}`)
  const graded = findings.filter(({ kind }) => kind !== 'note')
  const right = graded.filter(({ kind }) => kind === 'right').length
  process.stdout.write(`${right} of ${graded.length} right\n`)
  return passed(findings) ? 0 : 1
}

const MARKS = { right: '  right  ', wrong: '  WRONG  ', note: '         ' } as const

function describeFinding({ kind, text }: Finding): string {
  const indent = ' '.repeat(MARKS.right.length)
  return `${MARKS[kind]}${wrap(text, WIDTH - indent.length).join(`\n${indent}`)}\n`
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** The student's folder: the one given, else this one or the lab's name below it, whichever has this lab's answers. */
function findWork({ number, name }: LabEntry, given: string | undefined): { folder: string; answers: AnswersFile } {
  const candidates = given === undefined ? ['.', name] : [given]
  const found = candidates.find((folder) => existsSync(join(folder, ANSWERS_FILE)) && new AnswersFile(folder).lab === number) // prettier-ignore
  if (found !== undefined) return { folder: found, answers: new AnswersFile(found) }
  const places = candidates.map((folder) => join(folder, ANSWERS_FILE)).join(' nor ')
  throw new UsageError([
    `${places} is of lab ${number} ("lab: ${number}"); begin with: tsmpi lab start ${number}${basename(given ?? name) === name ? '' : ` ${given}`}`,
  ])
}
