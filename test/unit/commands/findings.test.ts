/** What the doctor concludes from its measurements. */
import t from 'tap'
import type { HostFacts, Links } from '../../../commands/doctor/facts.ts'
import { findingsOf } from '../../../commands/doctor/findings.ts'
import { reportText } from '../../../commands/doctor/report.ts'

function host(name: string, change: Partial<HostFacts> = {}): { host: string; seconds: number; facts: HostFacts } {
  const usual = { node: 'v20.1.0', tsmpi: '0.1.0', platform: 'linux x64', cpu: 'x', cores: 4, memoryGiB: 16 }
  const facts = { host: name, ...usual, freeGiB: 8, load: 0.1, blas: 'OpenBLAS 0.3', gflops: 80, ...change }
  return { host: name, seconds: 1, facts }
}

/** All links alike but for one. */
function links(size: number, change: { from: number; to: number; MBps: number } | undefined, loadedMBps = 110): Links {
  const matrix = (usual: number): (number | null)[][] =>
    Array.from({ length: size }, (_, a) => Array.from({ length: size }, (_, b) => (a === b ? null : usual)))
  const bandwidthMBps = matrix(117)
  if (change !== undefined) (bandwidthMBps[change.from] as (number | null)[])[change.to] = change.MBps
  const clockMs = Array.from({ length: size }, (_, index) => (index === 2 ? -7000 : 0.2))
  const common = { latencyUs: matrix(50), loadedLatencyUs: matrix(900), loadedBandwidthMBps: matrix(loadedMBps) }
  return { ...common, bandwidthMBps, clockMs }
}

const texts = (...args: Parameters<typeof findingsOf>): string[] =>
  findingsOf(...args).map(({ kind, text }) => `${kind}: ${text}`)

t.test('three good hosts have nothing but a slowest of hosts and links', async (t) => {
  const names = ['a', 'b', 'c']
  const found = texts([host('a'), host('b', { gflops: 79 }), host('c')], names, {
    ...links(3, undefined),
    clockMs: [0, 1, 2],
  })
  t.strictSame(found, [
    'remark: Slowest host: b, a core does 79.0 Gflops; the others are alike.',
    'remark: Slowest link: a to b, 117 MB/s; the others are alike.',
  ])
})

t.test('what is wrong is told together: hosts, versions, speed, links, clocks', async (t) => {
  const names = ['a', 'b', 'c']
  const hosts = [
    host('a'),
    host('b', { node: 'v22.0.0', gflops: 30 }),
    host('c', { node: 'v20.20.8', blas: 'wasm f64x2', load: 9 }),
    { host: 'd', failure: 'it is switched off' },
  ]
  const found = texts(hosts, names, links(3, { from: 1, to: 2, MBps: 11.7 }, 5))
  t.equal(found[0], 'problem: d cannot take part: it is switched off')
  t.match(found[1], /different versions of Node \(a v20\.1\.0, b v22\.0\.0, c v20\.20\.8\)/)
  t.match(found[2], /c has no BLAS library/)
  t.match(found[3], /c is busy: 9\.0 processes want its 4 cores/)
  t.match(found[4], /Slowest host: b, a core does 30\.0 Gflops, 38 % of the usual/)
  t.match(found[5], /The clock of c differs by -7\.0 s from that of a/)
  t.match(found[6], /Slowest link: b to c, 12 MB\/s against 117 usually\. It looks like 100 Mbit\/s\. Check the cable/)
  t.match(found[7], /When all hosts send at once it carries 5 MB\/s/)
})

t.test('links that are all slow, late answers and queues are told as well', async (t) => {
  const names = ['a', 'b', 'c']
  const hosts = names.map((name) => host(name))
  const measured = { ...links(3, undefined), clockMs: [0, 0, 0] }
  const slow = measured.bandwidthMBps.map((row) => row.map((value) => value && 11.7))
  t.match(texts(hosts, names, { ...measured, bandwidthMBps: slow, loadedBandwidthMBps: slow }), [
    /^remark: Slowest host/,
    /^remark: Slowest link: a to b, 12 MB\/s; the others are alike\. It looks like 100 Mbit\/s\. Check the cable/,
  ])
  const [latencyUs, loadedLatencyUs] = [measured.latencyUs, measured.loadedLatencyUs].map((matrix) =>
    matrix.map((row) => [...row]),
  ) as [(number | null)[][], (number | null)[][]]
  ;(latencyUs[1] as (number | null)[])[2] = 130
  ;(loadedLatencyUs[2] as (number | null)[])[0] = 2340
  t.match(texts(hosts, names, { ...measured, latencyUs, loadedLatencyUs }).slice(2), [
    /^remark: Latest answers: b to c, 130 us against 50 usually\. /,
    /^remark: When all hosts send, a short message from c to a takes 2\.3 ms instead of 50 us: it waits behind large/,
  ])
})

t.test('what a command printed keeps its indentation where it is folded', async (t) => {
  const failure = `could not be started.\n  command: ssh ${'-o Some=option '.repeat(8)}end\n  try: this`
  const text = reportText([], [], undefined, findingsOf([{ host: 'd', failure }], [], undefined))
  t.match(text, /\n {4}command: ssh [^\n]*\n {4}-o [^\n]* end\n {4}try: this\n$/)
})

t.test('the report fits 80 columns, also with many hosts and long names', async (t) => {
  const names = Array.from({ length: 17 }, (_, index) => `a-host-with-a-long-name-${index}.example.org`)
  const hosts = [...names.map((name) => host(name)), { host: 'gone', failure: 'a reason that is long '.repeat(9) }]
  const measured = links(17, undefined)
  const text = reportText(hosts, names, measured, findingsOf(hosts, names, measured))
  for (const line of text.split('\n')) t.ok(line.length <= 80, `${line.length}: ${line}`)
  t.notMatch(text, '\u001B', 'and is plain')
  t.match(text, /\n\ntsmpi 0\.1\.0 on linux x64\n\n/)
})
