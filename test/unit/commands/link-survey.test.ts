/** Which hosts the doctor measures together when some cannot connect to each other. */
import * as fc from 'fast-check'
import t from 'tap'
import type { Links, Matrix } from '../../../commands/doctor/facts.ts'
import { findingsOf } from '../../../commands/doctor/findings.ts'
import { surveyLinks, type GroupOutcome } from '../../../commands/doctor/link-survey.ts'
import { reportText } from '../../../commands/doctor/report.ts'
import { unlinkedText } from '../../../runtime/launcher/unlinked.ts'

/** Every pair has numbers of its own, and every host a clock, so that a mix-up shows. */
const trueLatency = (a: string, b: string): number => 100 * Number(a.slice(1)) + Number(b.slice(1))
const trueClock = (name: string): number => 1000 * Number(name.slice(1))

function measured(group: readonly string[]): Links {
  const matrix = (add: number): Matrix => group.map((a) => group.map((b) => (a === b ? null : trueLatency(a, b) + add)))
  const clockMs = group.map((name) => trueClock(name) - trueClock(group[0] as string))
  const common = { latencyUs: matrix(0), loadedLatencyUs: matrix(0.1), bandwidthMBps: matrix(0.2) }
  return { ...common, loadedBandwidthMBps: matrix(0.3), clockMs }
}

/** A cluster in which these ways are closed; a job ends with all of them that it has met. */
function cluster(closed: readonly (readonly [string, string])[]) {
  const groups: (readonly string[])[] = []
  const measure = (group: readonly string[]): Promise<GroupOutcome> => {
    groups.push(group)
    const met = closed.filter((way) => way.every((name) => group.includes(name)))
    if (met.length === 0) return Promise.resolve({ links: measured(group) })
    const unlinked = met.map(([host, to]) => {
      const agent = group.indexOf(to)
      return { host, peer: { agent, endpoint: `tcp://10.0.0.${agent}:4711`, why: 'no answer' } }
    })
    return Promise.resolve({ complaint: unlinkedText(unlinked, group) })
  }
  return { groups, measure }
}

const names = (size: number): string[] => Array.from({ length: size }, (_, index) => `h${index}`)

t.test('hosts that all reach each other are measured by one job', async (t) => {
  const { groups, measure } = cluster([])
  const { links, unlinked, failure } = await surveyLinks(names(5), measure)
  t.strictSame(groups, [names(5)])
  t.strictSame(links, measured(names(5)))
  t.strictSame([unlinked, failure], [[], undefined])
})

t.test('a host that reaches no other costs one job more, and the others are measured together', async (t) => {
  const closed = ['h0', 'h1', 'h3'].map((name) => [name, 'h2'] as const)
  const { groups, measure } = cluster(closed)
  const survey = await surveyLinks(names(4), measure)
  t.strictSame(groups, [names(4), ['h0', 'h1', 'h3']])
  const findings = findingsOf([], survey.hosts, survey.links, survey.unlinked)
  t.equal(findings.filter(({ kind }) => kind === 'problem').length, 1)
  t.match(findings[0]?.text, 'h2 has no connection to any other host: h0 -> h2 at tcp://10.0.0.2:4711: no answer')
  t.match(findings[0]?.text, '--ports 47000-47099')
})

t.test('one closed way: both groups are measured, the pair is named, its cells are empty', async (t) => {
  const { groups, measure } = cluster([['h2', 'h0']])
  const survey = await surveyLinks(names(3), measure)
  t.strictSame(groups, [names(3), ['h0', 'h1'], ['h1', 'h2']])
  t.strictSame(survey.unlinked, [{ from: 'h2', to: 'h0', endpoint: 'tcp://10.0.0.0:4711', why: 'no answer' }])
  t.strictSame(survey.links?.latencyUs, [
    [null, 1, null],
    [100, null, 102],
    [null, 201, null],
  ])
  t.strictSame(survey.links?.clockMs, [0, 1000, 2000], 'the clock of h2 is known through h1')
  const findings = findingsOf([], survey.hosts, survey.links, survey.unlinked)
  t.match(findings[0]?.text, 'h2 -> h0 at tcp://10.0.0.0:4711: no answer')
  const text = reportText([], survey.hosts, survey.links, findings)
  t.match(text, /latency, us .*\n +0 +1 +2\n0 +- +1\.0 +x\n1 +100 +- +102\n2 +x +201 +-\n/)
  t.match(text, '\nx: not measured, see below\n')
})

t.test('two hosts that cannot connect leave no links', async (t) => {
  const { measure } = cluster([['h0', 'h1']])
  const { links, unlinked, failure } = await surveyLinks(names(2), measure)
  t.strictSame([links, unlinked.length, failure], [undefined, 1, undefined])
})

t.test('a job that fails for another reason ends the survey; what was measured before stays', async (t) => {
  const { measure } = cluster([['h0', 'h2']])
  let jobs = 0
  const { links, failure } = await surveyLinks(names(3), (group) =>
    ++jobs < 3 ? measure(group) : Promise.resolve({ complaint: 'h1 is gone' }),
  )
  t.equal(failure, 'h1 is gone')
  t.strictSame(links?.latencyUs[0], [null, 1, null])
})

t.test('whatever is closed, all other pairs are measured, and never again what is known to be closed', async (t) => {
  const size = fc.integer({ min: 2, max: 7 })
  const way = (n: number) => fc.tuple(fc.nat(n - 1), fc.nat(n - 1)).filter(([a, b]) => a !== b)
  const cases = size.chain((n) => fc.tuple(fc.constant(n), fc.array(way(n), { maxLength: 12 })))
  await fc.assert(
    fc.asyncProperty(cases, async ([n, pairs]) => {
      const closed: [string, string][] = pairs.map(([a, b]) => [`h${a}`, `h${b}`])
      const { groups, measure } = cluster(closed)
      const survey = await surveyLinks(names(n), measure)
      const isClosed = (a: string, b: string): boolean => closed.some((one) => one.includes(a) && one.includes(b))
      const expected = names(n).map((a) => names(n).map((b) => (a === b || isClosed(a, b) ? null : trueLatency(a, b))))
      t.strictSame(survey.links?.latencyUs ?? expected.map((row) => row.map(() => null)), expected)
      t.equal(survey.failure, undefined)
      for (const [index, ms] of (survey.links?.clockMs ?? []).entries()) t.ok(ms === null || ms === 1000 * index)
      t.ok(groups.length <= 1 + (n * (n - 1)) / 2)
      t.equal(
        groups.filter((group) => closed.some((one) => one.every((name) => group.includes(name)))).length,
        closed.length > 0 ? 1 : 0,
      )
    }),
  )
})
