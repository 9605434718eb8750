/**
 * The graders of the labs, on recorded results: the right answer is accepted, and for every lab mistakes that students
 * make are rejected with words on that mistake. Starter, solution, README and picture of each lab fit together.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { listLabs } from '../../../commands/lab/catalogue.ts'
import { drawFigure } from '../../../commands/lab/figures.ts'
import { passed } from '../../../commands/lab/grade.ts'
import { drawPicture } from '../../../commands/lab/picture.ts'
import { readResults } from '../../../commands/lab/results.ts'
import { gradeAfter, wrongs, type Work } from '../../helpers/labs.ts'

/** For each lab: a mistake, and what the grader says to it. */
const MISTAKES: Readonly<Record<string, Readonly<Record<string, readonly [(work: Work) => void, RegExp]>>>> = {
  '01-amdahl': {
    'every rank does all of the work': [
      ({ results }) => results.forEach((point: { seconds: number }) => (point.seconds = 0.5)),
      /does every rank still do all of the work\?/,
    ],
    'the serial part is divided too': [
      ({ results }) => results.forEach((point: { ranks: number; seconds: number }) => (point.seconds = 0.01 + 0.49 / point.ranks)), // prettier-ignore
      /as if there were no serial part/,
    ],
    'the parallel fraction is taken for the serial one': [({ answers }) => (answers['serial-fraction'] = 0.795), /^serial-fraction: 0\.795, but/], // prettier-ignore
    'the largest measured speed-up is taken for the limit': [({ answers }) => (answers['limit'] = 3.29), /^limit: 3\.29, but/], // prettier-ignore
    'a number of ranks was not measured': [
      ({ results }) => results.pop(),
      /expected a point for each of 1, 2, 3, 4, 6, 8/,
    ],
  },
  '02-gustafson': {
    'speedUp() gives the efficiency': [
      ({ results }) => results.forEach((point: { speedUp: number; ranks: number }) => (point.speedUp /= point.ranks)),
      /^speedUp\(\) gives /,
    ],
    'karpFlatt() lacks its denominator': [
      ({ results }) => results.forEach((point: { karpFlatt: number; ranks: number }) => (point.karpFlatt *= 1 - 1 / point.ranks)), // prettier-ignore
      /^karpFlatt\(\) gives /,
    ],
    'the functions are left as they came': [
      ({ results }) => results.forEach((point: { speedUp: null }) => (point.speedUp = null)),
      /expected a number: does speedUp\(\) return one\?/,
    ],
    'the speed-up of 8 ranks is taken for the slope': [
      ({ answers }) => (answers['slope-scaled'] = 1.4),
      /^slope-scaled/,
    ],
    'chatty is blamed on a serial part': [
      ({ answers }) => (answers['chatty-is-held-back-by'] = 'a serial part'),
      /^chatty-is-held-back-by: a serial part is not/,
    ],
  },
  '04-nic': {
    'blocks go to the neighbour on the same host': [
      ({ results }) => results.share.forEach((point: { ms: number }) => (point.ms = 0.5)),
      /^a further sender costs 0\.0 ms, .*: do these blocks cross the network\?/,
    ],
    'nobody sends bulk beside the ping': [
      ({ results }) => results.ping.forEach((point: { us: number }) => (point.us = 250)),
      /^under load a small message takes 1\.0 times as long/,
    ],
    'the sum of four is given for each': [
      ({ answers }) => (answers['mbps-each-of-4'] = 11.6),
      /^mbps-each-of-4: 11\.6, but/,
    ],
    'Mbit/s are given for MB/s': [({ answers }) => (answers['mbps-of-1'] = 91), /^mbps-of-1: 91, but/],
    'the ping is thought to wait at the receiver': [
      ({ answers }) => (answers['ping-waits-in'] = 'the memory of the receiver'),
      /^ping-waits-in: the memory of the receiver is not/,
    ],
  },
  '05-broadcast': {
    'twoLevel is left as a binomial tree': [
      ({ results }) => results.forEach((point: { shape: string; crossings: number }) => point.shape === 'two-level' && (point.crossings = 6)), // prettier-ignore
      /^two-level in block placement: 6 messages cross, expected 3/,
    ],
    'only the leaders get the block': [
      ({ results }) => results.forEach((point: { shape: string; wrong: number }) => point.shape === 'two-level' && (point.wrong = 4)), // prettier-ignore
      /^two-level in block placement leaves 4 ranks without the block/,
    ],
    'the network was not emulated': [
      ({ results }) => results.forEach((point: { ms: number }) => (point.ms = 1)),
      /^the time of the ring does not grow with the crossings/,
    ],
    'crossings of the placements are exchanged': [
      ({ answers }) => (answers['crossings-binomial-block'] = 6),
      /^crossings-binomial-block: 6 is not/,
    ],
    'the time of the whole ring is given': [
      ({ answers }) => (answers['milliseconds-a-crossing'] = 60),
      /^milliseconds-a-/,
    ],
  },
  '03-wire': {
    'a round trip is counted as one message': [
      ({ results }) => everyPoint(results, (point) => (point.us *= 2)),
      /is a round trip counted as one message\?/,
    ],
    'milliseconds are left as they are': [
      ({ results }) => everyPoint(results, (point) => (point.us /= 500)),
      /more than 1 Gbit\/s carries/,
    ],
    'the bandwidth is given in Mbit/s': [
      ({ answers }) => (answers['bandwidth-1gbe'] = 840),
      /^bandwidth-1gbe: 840, but/,
    ],
    'half bandwidth is given in KiB': [
      ({ answers }) => (answers['half-bandwidth-1gbe'] = 19.5),
      /^half-bandwidth-1gbe/,
    ],
    'the limit of tcp is given for shm': [({ answers }) => (answers['eager-shm'] = 65_536), /^eager-shm: 65536, but/],
  },
  '06-wall': {
    'orders that are too small for three hosts to win': [
      ({ results }) => results.forEach((point: { series: string; gflops: number }) => point.series === 'three hosts' && (point.gflops *= 0.3)), // prettier-ignore
      /at N = 2048 one host is still faster: the crossover lies beyond/,
    ],
    'large orders only': [
      ({ results }) => results.splice(0, results.length, ...results.filter(({ n }: { n: number }) => n >= 1024)),
      /at N = 1024 three hosts are faster already/,
    ],
    'the ratio is given upside down': [({ answers }) => (answers['ratio-at-largest-n'] = 0.57), /^ratio-at-largest-n/],
    'a faster link is thought to help large N': [
      ({ answers }) => (answers['faster-link-helps-most-at'] = 'large N'),
      /^faster-link-helps-most-at: large N is not/,
    ],
    'data are thought to grow as the work': [({ answers }) => (answers['data-sent-grows-with'] = 'N^3'), /^data-sent/],
  },
  '07-grid': {
    'the variants of the starter': [
      ({ results }) => results.splice(2),
      /expected all of 1x4 row 1, .*: name them in experiment\.yaml/,
    ],
    'the hosts were not emulated': [
      ({ results }) => results.forEach((point: { gflops: number }) => (point.gflops = 8)),
      /^4x1 is no slower than 1x4: were the hosts emulated/,
    ],
    'the worst is given as the best': [({ answers }) => (answers['best'] = '4x1'), /^best: 4x1 is not/],
    'the quotient is upside down': [
      ({ answers }) => (answers['column-over-row'] = 1 / (answers['column-over-row'] as number)),
      /^column-over-row: /,
    ],
    'panels are thought to cross in 4x1': [
      ({ answers }) => (answers['crosses-for-every-column-in-4x1'] = 'panel'),
      /^crosses-for-every-column-in-4x1: panel is not/,
    ],
  },
  '08-buy': {
    'orders too near each other': [
      ({ results }) => results.forEach((point: { n: number }) => (point.n = point.n > 1000 ? 600 : point.n)),
      /^N = 512 and 600 are too near each other/,
    ],
    'an option was not measured': [({ results }) => results.pop(), /expected a small and a large order for/],
    'the fastest link is taken for the best': [({ answers }) => (answers['best-at-large-n'] = '2.5gbe'), /^best-at-large-n: 2\.5gbe/], // prettier-ignore
    'the gain is given in percent': [({ answers }) => (answers['gain-of-best'] = 80), /^gain-of-best: 80, but/],
    'price is forgotten': [
      ({ answers }) => (answers['best-for-the-money-at-large-n'] = '10gbe'),
      /^best-for-the-money-at-large-n: 10gbe/,
    ],
    'the network is blamed for the slow host': [
      ({ answers }) => (answers['slowest-decides-because'] = 'the network is shared'),
      /^slowest-decides-because: /,
    ],
  },
  '09-deadlock': {
    'the ring is repaired with a smaller block': [
      ({ results }) => ofMine(results, 'ring').forEach((run) => run.sums.forEach((line) => (line.sum /= 10_000))),
      /^ring\.ts, repaired, prints something else/,
    ],
    'the repair relies on buffered sends': [
      ({ results }) => ofMine(results, 'ring').forEach((run) => run.kind === 'synchronous' && (run.code = 123)),
      /^ring\.ts, repaired, ends with code 123 on 3 ranks with --ssend-all/,
    ],
    'a program is left as it came': [
      ({ results }) => ofMine(results, 'tags').forEach((run) => (run.code = 123)),
      /^tags\.ts, repaired, ends with code 123 on \d ranks/,
    ],
    'the allreduce is taken out': [
      ({ results }) =>
        ofMine(results, 'reduce').forEach((run) => run.sums.forEach((line) => (line.sum = line.rank + 4))),
      /^reduce\.ts, repaired, prints something else/,
    ],
    'the circle is told backwards': [
      ({ answers }) => (answers['ring-cycle'] = [0, 2, 1]),
      /^ring-cycle: \[0, 2, 1\] is not/,
    ],
    'the wrong cause': [({ answers }) => (answers['ring-cause'] = 'receive-before-send'), /^ring-cause: receive-before-send/], // prettier-ignore
  },
  '10-halo': {
    'only rows are exchanged': [
      ({ results }) => results.forEach((point: { shape: string; ranks: number; heat: number }) => point.shape === 'blocks' && point.ranks > 1 && (point.heat *= 0.98)), // prettier-ignore
      /^4 ranks in blocks have heat .*: some halo is not filled/,
    ],
    'edges are sent twice': [
      ({ results }) => results.forEach((point: { bytes: number }) => (point.bytes *= 2)),
      /^4 ranks in strips send 4608 bytes a step, .* it would be 2304/,
    ],
    'the plate is another one': [
      ({ results }) => results.forEach((point: { heat: number }) => (point.heat /= 2)),
      /^the heat is .*: are N, the steps and the mean of four neighbours as they came/,
    ],
    'the ratio is upside down': [({ answers }) => (answers['bytes-ratio-36'] = 0.33), /^bytes-ratio-36: 0\.33, but/],
    'the exponent lacks its sign': [({ answers }) => (answers['exponent-blocks'] = 0.5), /^exponent-blocks: 0\.5, but/],
  },
}

/** Changes every point of every wire. */
function everyPoint(
  results: Record<string, { points: { us: number }[] }>,
  change: (point: { us: number }) => void,
): void {
  for (const { points } of Object.values(results)) points.forEach(change)
}

interface DeadlockRun {
  readonly program: string
  readonly kind: string
  code: number
  readonly sums: { readonly rank: number; sum: number }[]
}

/** The student's runs of a program. */
function ofMine(results: DeadlockRun[], program: string): DeadlockRun[] {
  return results.filter((run) => run.program === program && run.kind !== 'untouched')
}

const labs = listLabs()
t.same(
  labs.map(({ name }) => name).filter((name) => Object.keys(MISTAKES[name] ?? {}).length < 3),
  [],
  'there are three mistakes for every lab',
)

for (const entry of labs) {
  t.test(`${entry.name}: the recorded solution is accepted`, async (t) => {
    const findings = await gradeAfter(entry, () => undefined)
    t.same(wrongs(findings), [])
    t.ok(passed(findings))
  })

  for (const [mistake, [change, said]] of Object.entries(MISTAKES[entry.name] ?? {}))
    t.test(`${entry.name}: rejected: ${mistake}`, async (t) => {
      const findings = await gradeAfter(entry, change)
      t.notOk(passed(findings))
      t.match(wrongs(findings).join('\n'), new RegExp(said, 'm'))
    })

  t.test(`${entry.name}: a missing or changed prediction, an empty answer and an unknown key are told`, async (t) => {
    const lab = await entry.load()
    const first = Object.keys(lab.predictions)[0] as string
    const missing = await gradeAfter(entry, ({ prediction }) => (prediction[first] = null))
    t.match(
      wrongs(missing)[0],
      new RegExp(`answers\\.yaml, line \\d+: prediction\\.${first}: is not filled in, expected `),
    )
    const changed = await gradeAfter(entry, ({ recorded }) => (recorded[first] = 'something else'))
    t.match(wrongs(changed)[0], /was different when the lab was run/)
    const unanswered = await gradeAfter(entry, ({ answers }) => (answers['why'] = 'because'))
    t.match(wrongs(unanswered)[0], /answers\.why: read "because", expected a text of \d+ words or more/)
    const unknown = await gradeAfter(entry, ({ answers }) => (answers['whi'] = 1))
    t.match(wrongs(unknown)[0], /answers\.whi: no such question; expected /)
  })

  t.test(`${entry.name}: the starter asks what the grader wants to know, and nothing is filled in`, async (t) => {
    const lab = await entry.load()
    const { lab: number, prediction, answers } = parse(readFileSync(join(entry.folder, 'starter/answers.yaml'), 'utf8')) as Record<string, Record<string, unknown>> // prettier-ignore
    t.equal(number, entry.number)
    t.same(Object.keys(prediction ?? {}), Object.keys(lab.predictions))
    t.same(Object.keys(answers ?? {}), Object.keys(lab.answers))
    t.ok(Object.values({ ...prediction, ...answers }).every((value) => value === null || value === ''))
  })

  t.test(`${entry.name}: the solution's picture is what the code draws, and figures fit 80 columns`, async (t) => {
    const lab = await entry.load()
    const folder = join(entry.folder, 'solution')
    const figures = lab.figures(readResults(folder).results)
    t.equal(drawPicture(lab.title, figures), readFileSync(join(folder, 'picture.svg'), 'utf8'))
    const text = figures.map((figure) => drawFigure(figure, 80)).join('\n')
    t.same(
      text.split('\n').filter((line) => line.length > 80),
      [],
    )
  })

  t.test(`${entry.name}: README and notes have all they should`, async (t) => {
    const readme = readFileSync(join(entry.folder, 'README.md'), 'utf8')
    for (const part of [
      '**Goal.**',
      '## Reading',
      '## Do it',
      '**Predict.**',
      `lab start ${entry.number}`,
      `lab run ${entry.number}`,
      `lab check ${entry.number}`,
      '## Look at',
      '## Why?',
      '## References',
    ])
      // prettier-ignore
      t.ok(readme.includes(part), part)
    const notes = readFileSync(join(entry.folder, 'NOTES.md'), 'utf8')
    t.ok(notes.includes('](solution/picture.svg)'))
    t.ok((await entry.load()).title.length <= 60)
    const programs = readdirSync(join(entry.folder, 'starter')).filter((name) => name !== 'answers.yaml')
    t.ok(programs.length > 0, 'a starter')
    for (const name of programs) t.ok(readme.includes(name), name)
  })
}
