/** tsmpirun --trace and --profile, in real jobs that end well and in jobs that are killed. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { LANES } from '../../runtime/launcher/trace-lines.ts'
import { slicesAt, type TraceEvent } from '../helpers/trace-events.ts'
import { allGone, descendants, start, tsmpirun } from '../helpers/tsmpirun.ts'
import { until } from '../helpers/until.ts'

const PROGRAM = 'test/cli/programs/traced.ts'
const folder = mkdtempSync(join(tmpdir(), 'tsmpi-trace-'))
t.teardown(() => rmSync(folder, { recursive: true }))

/** The events of a complete file, or of one whose closing bracket is missing. */
function eventsOf(text: string, complete: boolean): TraceEvent[] {
  return JSON.parse(complete ? text : `${text}]`) as TraceEvent[]
}

const named = (events: readonly TraceEvent[], name: string): TraceEvent[] =>
  events.filter((event) => event.ph === 'X' && event.name === name)
const ids = (events: readonly TraceEvent[], phase: string): string[] =>
  events.flatMap(({ ph, id }) => (ph === phase && id !== undefined ? [id] : [])).sort()

for (const topology of [[], ['--emulate-hosts', '2'], ['--transport', 'zmq']])
  t.test(`--trace writes a row for each rank and an arrow for each message: ${topology.join(' ')}`, async (t) => {
    const file = join(folder, `trace-${topology.length}-${topology[0] ?? 'shm'}.json`)
    const ended = await tsmpirun(['-n', '4', ...topology, '--trace', file, PROGRAM])
    t.equal(ended.code, 0, ended.stderr)
    const events = eventsOf(readFileSync(file, 'utf8'), true)
    const rows = events.filter(({ name, args }) => name === 'thread_name' && /^rank \d$/.test(String(args?.name)))
    t.strictSame(rows.map(({ args }) => args?.name).sort(), ['rank 0', 'rank 1', 'rank 2', 'rank 3'])
    const hosts = new Set(rows.map(({ pid }) => pid))
    t.equal(hosts.size, topology[0] === '--emulate-hosts' ? 2 : 1, 'rows are grouped by host')
    t.equal(named(events, 'irecv').length, 4)
    t.equal(named(events, 'isend').length, 4)
    t.equal(named(events, 'allreduce').length, 4)
    t.match(named(events, 'allreduce')[0]?.args, { communicator: 'world', algorithm: 'recursive-doubling', bytes: 16 })
    t.match(named(events, 'isend')[0]?.args, { tag: 9, bytes: 320_000 })
    // The first call of a rank is always looked up, those that follow if there is time.
    t.ok(named(events, 'sendrecv').some(({ args }) => /traced\.ts:10:15$/.test(String(args?.['at']))))
    t.ok(ids(events, 's').length >= 4 + 4 + 8, 'an arrow for every message')
    t.strictSame(ids(events, 's'), ids(events, 'f'), 'every arrow has two ends')
    t.equal(new Set(ids(events, 's')).size, ids(events, 's').length, 'and a name of its own')
  })

/** What a slice is of, the same at both ends of an arrow: a collective call, or a message from one rank to another. */
function subjectOf({ cat, name, tid, args = {} }: TraceEvent): string {
  // Communicators may get a name while they are used.
  const communicator = String(args['communicator']).replace(/ ".*/, '')
  if (cat === 'collective') return `${name} on ${communicator}`
  const rank = Math.floor(tid / LANES)
  const [source, dest] = args['dest'] === undefined ? [args['source'], rank] : [rank, args['dest']]
  return `from ${String(source)} to ${String(dest)} with tag ${String(args['tag'])} on ${communicator}`
}

for (const topology of [[], ['--emulate-hosts', '2']])
  t.test(`arrows of calls that overlap end in their slices: ${topology.join(' ')}`, async (t) => {
    const file = join(folder, `overlapping-${topology.length}.json`)
    const program = 'test/cli/programs/overlapping.ts'
    const ended = await tsmpirun(['-n', '4', ...topology, '--trace', file, program])
    t.equal(ended.code, 0, ended.stderr)
    const events = eventsOf(readFileSync(file, 'utf8'), true)
    const ends = new Map(events.flatMap((event) => (event.id === undefined ? [] : [[event.id + event.ph, event]])))
    for (const start of events.filter(({ ph }) => ph === 's')) {
      const [there, here] = [ends.get(`${start.id}f`) as TraceEvent, start].map((end) =>
        slicesAt(events, end).map(subjectOf),
      )
      t.ok(
        here?.some((subject) => there?.includes(subject)),
        `${JSON.stringify(start)} in ${here?.join()} and ${there?.join()}`,
      )
    }
    t.ok(ends.size > 500)
  })

t.test('the trace names communicators as the program does, and the algorithms of collective calls', async (t) => {
  const file = join(folder, 'named.json')
  const ended = await tsmpirun(['-n', '4', '--trace', file, 'test/cli/programs/collectives-named.ts'])
  t.equal(ended.code, 0, ended.stderr)
  const events = eventsOf(readFileSync(file, 'utf8'), true)
  for (const [call, algorithm, communicator] of [
    ['reduceScatterBlock', /./, 'world'],
    ['bcastObject', 'binomial', 'world'],
    ['gatherObject', 'binomial', 'world'],
    ['scatterObject', 'binomial', 'world'],
    ['allgatherObject', 'gather-bcast', 'world'],
    ['alltoallObject', 'pairwise', 'world'],
    ['reduceObject', 'gather-binomial', 'world'],
    ['allreduceObject', 'gather-bcast', 'world'],
    ['scanObject', 'gather-bcast', 'world'],
    ['neighborAllgather', 'all-at-once', /^communicator \d+ "my ring"$/],
    ['neighborAlltoallObject', 'all-at-once', /^communicator \d+ "my ring"$/],
  ] as const) {
    t.equal(named(events, call).length, 4, call)
    for (const { args } of named(events, call)) t.match(args, { algorithm, communicator })
  }
})

t.test('slices of a row nest', async (t) => {
  const file = join(folder, 'nest.json')
  await tsmpirun(['-n', '3', '--trace', file, PROGRAM])
  const slices = eventsOf(readFileSync(file, 'utf8'), true).filter(({ ph }) => ph === 'X')
  const spans = slices.map(({ tid, ts = 0, dur = 0 }) => ({ tid, from: ts, to: ts + dur }))
  for (const a of spans)
    for (const b of spans) {
      if (a.tid !== b.tid || !(a.from < b.from && b.from < a.to - 0.01)) continue
      t.ok(b.to <= a.to + 0.01, `${JSON.stringify(a)} and ${JSON.stringify(b)}`)
    }
  t.ok(spans.length > 0)
})

for (const [how, signal, complete] of [
  ['Ctrl-C', 'SIGINT', true],
  ['kill -9 of the launcher', 'SIGKILL', false],
] as const)
  t.test(`the trace up to ${how} is kept`, async (t) => {
    const file = join(folder, `${signal}.json`)
    const job = start(['-n', '2', '--emulate-hosts', '2', '--trace', file, PROGRAM, 'wait'])
    await job.printed('through')
    const pids = descendants(job.child.pid as number)
    if (!complete) await written(file, 'allreduce')
    job.child.kill(signal)
    await job.ended
    await allGone(pids, 2000)
    const events = eventsOf(readFileSync(file, 'utf8'), complete)
    t.ok(named(events, 'allreduce').length > 0)
  })

/** Slices of what had not ended when the trace did. */
const underWay = (file: string): TraceEvent[] =>
  eventsOf(readFileSync(file, 'utf8'), true).filter(({ args }) => args?.['ended'] === false)

for (const topology of [[], ['--emulate-hosts', '2']])
  t.test(`what a rank hangs in is in trace and profile: ${topology.join(' ')}`, async (t) => {
    for (const [how, call] of [
      ['wait', 'recv'],
      ['collective', 'barrier'],
    ] as const) {
      const file = join(folder, `hang-${how}-${topology.length}.json`)
      const ended = await tsmpirun(['-n', '3', ...topology, '--profile', '--trace', file, PROGRAM, how])
      t.match(ended.stderr, /deadlock/i)
      const hanging = underWay(file).sort((a, b) => a.tid - b.tid)
      t.strictSame(
        hanging.map(({ name }) => name),
        [call, 'recv', call],
      )
      t.match(hanging[1]?.args, { communicator: 'world', source: 0, tag: 99 })
      t.match(hanging[1]?.args?.['at'], /traced\.ts:\d+:\d+$/)
      for (const { name, dur = 0 } of hanging) t.ok(dur > 200_000, `${name} until the end: ${dur} us`)
      t.match(ended.stderr, new RegExp(`^ +${call} +${how === 'wait' ? 3 : 2} `, 'm'), 'the profile counts it')
    }
  })

for (const [how, options, args] of [
  ['Ctrl-C', [], []],
  ['--timeout', ['--timeout', '6'], []],
  ['the failure of another rank', [], ['throw']],
] as const)
  t.test(`a call under way at ${how} is drawn to the end`, async (t) => {
    const file = join(folder, `under-way-${how}.json`)
    const job = start(['-n', '2', ...options, '--trace', file, PROGRAM, 'late', ...args])
    await job.printed('the others wait')
    if (how === 'Ctrl-C') job.child.kill('SIGINT')
    await job.ended
    t.match(underWay(file), [{ name: 'recv', args: { source: 1, tag: 99 } }])
  })

t.test('the trace of a job in which a process is killed is kept', async (t) => {
  const file = join(folder, 'agent.json')
  const job = start(['-n', '2', '--emulate-hosts', '2', '--trace', file, PROGRAM, 'wait'])
  await job.printed('through')
  await written(file, 'allreduce')
  process.kill(descendants(job.child.pid as number)[0] as number, 'SIGKILL')
  await job.ended
  t.ok(named(eventsOf(readFileSync(file, 'utf8'), true), 'allreduce').length > 0)
})

t.test('a rank that throws leaves its trace and its profile', async (t) => {
  const file = join(folder, 'throw.json')
  const ended = await tsmpirun(['-n', '3', '--profile', '--trace', file, PROGRAM, 'throw'])
  t.equal(ended.code, 1)
  const events = eventsOf(readFileSync(file, 'utf8'), true)
  t.equal(named(events, 'sendrecv').length, 6, 'each sendrecv is a send and a receive')
  t.match(ended.stderr, /^ {3,}1 +\S+ +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ %$/m)
})

t.test('--profile prints times, calls, places and the matrix of bytes within 80 columns', async (t) => {
  const ended = await tsmpirun(['-n', '4', '--profile', PROGRAM])
  const text = ended.stderr.slice(ended.stderr.indexOf('Profile:'))
  t.match(text, /^Profile: [\d.]+ % of the ranks' time in communication$/m)
  t.match(text, /^ +allreduce +4 +[\d.]+ +[\d.]+ % +[\d.]+ +64 B$/m)
  t.match(text, /^ +isend +4 +.* 1\.2 MiB$/m)
  t.match(text, /^ +isend +test\/cli\/programs\/traced\.ts:13:11 +4 /m)
  t.match(text, /^ +0 +0 B +312\.5 KiB +8 B +0 B$/m, 'rank 0 sent to its right neighbour, and 8 bytes to its partner')
  for (const line of text.split('\n')) t.ok(line.length <= 80, line)
})

t.test('a trace file that cannot be written is a mistake of the command line', async (t) => {
  const ended = await tsmpirun(['-n', '2', '--trace', join(folder, 'nowhere', 'x.json'), PROGRAM])
  t.equal(ended.code, 2)
  t.match(ended.stderr, /--trace: ".*x\.json" cannot be written: ENOENT/)
  t.equal(ended.stdout, '', 'nothing was started')
})

/** Resolves when the file holds the text. */
async function written(file: string, text: string): Promise<void> {
  await until(
    () => readFileSync(file, 'utf8').includes(text),
    60_000,
    () => `${text} in ${file}`,
  )
}
