/**
 * Lab 9: three programs that deadlock. The untouched ones run from the lab's folder, for the diagnosis; the student's
 * run as they are, on several numbers of ranks, and with every send made synchronous, so that a repair that relies on
 * buffers is seen. Layer below: commands/lab/.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { jsonLines } from '../../../commands/lab/jobs.ts'
import {
  choice,
  comparePrediction,
  defineLab,
  expect,
  expectAnswer,
  number,
  ranks,
  sentences,
  type Finding,
  type JobEnd,
} from '../../../commands/lab/lab.ts'

const PROGRAMS = ['ring', 'tags', 'reduce'] as const
type Program = (typeof PROGRAMS)[number]
const CAUSES = ['all-send-first', 'tags-differ', 'collectives-differ', 'receive-before-send'] as const
const DEADLOCK = 123
/** The ring: a large send to oneself waits for its receive as any other. */
const HANG_ON_ONE = 1

const run = z.object({
  program: z.enum(PROGRAMS),
  kind: z.enum(['untouched', 'mine', 'synchronous']),
  ranks: z.int().min(1),
  code: z.int(),
  /** What the launcher said of a deadlock. */
  diagnosis: z.array(z.string()),
  /** What each rank printed as its sum. */
  sums: z.array(z.object({ rank: z.int(), sum: z.number() })),
})
type Run = z.infer<typeof run>
const results = z.array(run).refine((runs) => PROGRAMS.every((name) => KINDS.every((kind) => runs.some((one) => one.program === name && one.kind === kind))), 'expected runs of all three programs') // prettier-ignore
const KINDS = ['untouched', 'mine', 'synchronous'] as const

/** What the repaired programs have to print. */
const EXPECTED: Readonly<Record<Program, (rank: number, size: number) => number | undefined>> = {
  ring: (rank, size) => 100_000 * ((rank - 1 + size) % size),
  tags: (rank, size) => (rank > 0 ? undefined : Array.from({ length: size }, (_, k) => (10 * k) ** 2).reduce((a, b) => a + b)), // prettier-ignore
  // The largest error, 2^(size - 1), is at most 0.1 after size - 1 + 4 halvings.
  reduce: (_, size) => size + 3,
}

export const lab = defineLab({
  title: 'Deadlock, and how to read the diagnosis',
  seconds: 30,
  predictions: {
    'programs-that-hang-on-1-rank': number({ min: 0, max: 3 }),
    'ring-waits-in': choice('send', 'recv', 'log'),
  },
  answers: {
    'ring-cycle': ranks(),
    'ring-line': number({ min: 1, unit: 'of ring.ts as it came' }),
    'ring-cause': choice(...CAUSES),
    'tags-unreceived-tag': number({ min: 0 }),
    'tags-cause': choice(...CAUSES),
    'reduce-first-in-barrier': number({ min: 0, unit: 'a rank' }),
    'reduce-cause': choice(...CAUSES),
    why: sentences(12),
  },
  results,

  jobs: ({ source, quick }) =>
    PROGRAMS.flatMap((program) => [
      { name: `${program} untouched`, args: ['-n', '3', join(source, 'starter', `${program}.ts`)], mayFail: true },
      ...(quick ? [2] : [1, 2, 3, 5]).map((p) => ({ name: `${program} mine ${p}`, args: ['-n', `${p}`, '--timeout', '20', `${program}.ts`], mayFail: true })), // prettier-ignore
      {
        name: `${program} synchronous`,
        args: ['-n', '3', '--ssend-all', '--timeout', '20', `${program}.ts`],
        mayFail: true,
      },
    ]),

  collect: (ended) => ended.map(readRun),

  check({ results, prediction, answers }) {
    const cycle = answers['ring-cycle']
    // The ring hangs with each rank waiting for the one on its right, wherever one begins to tell.
    const aroundTheRing = cycle.length === 3 && cycle.every((rank, k) => cycle[(k + 1) % 3] === (rank + 1) % 3)
    return [
      comparePrediction('programs that hang on 1 rank', prediction['programs-that-hang-on-1-rank'], HANG_ON_ONE),
      comparePrediction('the ring waits in', prediction['ring-waits-in'], 'send'),
      ...PROGRAMS.map((name) => untouchedFinding(name, results)),
      expectAnswer('ring-cycle', cycle, aroundTheRing, 'Who waits for whom stands first in the diagnosis, one line a rank.'), // prettier-ignore
      expectAnswer('ring-line', answers['ring-line'], answers['ring-line'] === 16, 'The diagnosis gives the line, ring.ts:LINE:COLUMN, in which the ranks wait.'), // prettier-ignore
      expectAnswer('ring-cause', answers['ring-cause'], answers['ring-cause'] === 'all-send-first', 'In which call are all three ranks, and what would have to happen elsewhere for one of them to return?'), // prettier-ignore
      expectAnswer('tags-unreceived-tag', answers['tags-unreceived-tag'], answers['tags-unreceived-tag'] === 1, 'See "not received" under rank 0.'), // prettier-ignore
      expectAnswer('tags-cause', answers['tags-cause'], answers['tags-cause'] === 'tags-differ', 'A message lies there, and rank 0 does not take it. Compare the two lines.'), // prettier-ignore
      expectAnswer('reduce-first-in-barrier', answers['reduce-first-in-barrier'], answers['reduce-first-in-barrier'] === 0, 'One rank has left the loop before the others: which one is in a call of another name?'), // prettier-ignore
      expectAnswer('reduce-cause', answers['reduce-cause'], answers['reduce-cause'] === 'collectives-differ', 'The ranks are in calls of different names, on the same communicator.'), // prettier-ignore
      ...PROGRAMS.map((name) => repairedFinding(name, results)),
    ]
  },

  figures: (results) => [
    {
      kind: 'bars',
      title: 'How the programs ended: 0 is well, 123 a deadlock, 1 an error',
      category: 'program',
      value: 'exit code',
      bars: PROGRAMS.flatMap((program) =>
        KINDS.map((kind) => ({ category: program, series: kind, value: worstCode(results, program, kind) })),
      ),
    },
  ],
})

/** Of several numbers of ranks the one that went worst. */
function worstCode(results: readonly Run[], program: Program, kind: Run['kind']): number {
  return Math.max(...results.filter((run) => run.program === program && run.kind === kind).map(({ code }) => code))
}

function readRun(end: JobEnd): Run {
  const [program, kind] = end.job.name.split(' ') as [Program, Run['kind']]
  return {
    program,
    kind,
    ranks: Number(end.job.args[1]),
    code: end.code ?? -1,
    diagnosis: diagnosisOf(end.stderr),
    sums: end.stdout.includes('{') ? (jsonLines(end) as Run['sums']) : [],
  }
}

/** Without folders and stacks, which differ from one machine to the next. */
function diagnosisOf(stderr: string): string[] {
  const lines = stderr.replaceAll(/\S*\/(?=(ring|tags|reduce)\.ts)/g, '').split('\n')
  return lines.filter((line) => line !== '' && !/^\s+at /.test(line))
}

function untouchedFinding(name: Program, results: readonly Run[]): Finding {
  const found = results.find(({ program, kind }) => program === name && kind === 'untouched')
  const hung = found?.code === DEADLOCK || (name === 'reduce' && found?.code === 1)
  return expect(hung, `${name}.ts as it came fails, with a diagnosis`, `${name}.ts as it came ended with code ${found?.code}: measure again with the files of this installation`) // prettier-ignore
}

function repairedFinding(name: Program, results: readonly Run[]): Finding {
  const mine = results.filter(({ program, kind }) => program === name && kind !== 'untouched')
  const failed = mine.find(({ code }) => code !== 0)
  if (failed !== undefined) {
    const how = `${name}.ts, repaired, ends with code ${failed.code} on ${failed.ranks} ranks`
    const hint = failed.kind === 'synchronous' ? ' with --ssend-all: it still relies on sends that are buffered' : ''
    return { kind: 'wrong', text: `${how}${hint}.` }
  }
  const bad = mine.find((one) => !printsWhatItShould(one))
  return expect(bad === undefined, `${name}.ts, repaired, ends well and prints what it should`, `${name}.ts, repaired, prints something else on ${bad?.ranks} ranks than it was written for: ${JSON.stringify(bad?.sums)}`) // prettier-ignore
}

function printsWhatItShould({ program, ranks: size, sums }: Run): boolean {
  return Array.from({ length: size }, (_, rank) => rank).every(
    (rank) => sums.find((line) => line.rank === rank)?.sum === EXPECTED[program](rank, size),
  )
}
