/** tsmpi doctor as users meet it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Examined, Links } from '../../commands/doctor/facts.ts'
import { TSMPI, tsmpirun } from '../helpers/tsmpirun.ts'

const folder = mkdtempSync(join(tmpdir(), 'tsmpi-doctor-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const doctor = (...args: string[]) => tsmpirun(['doctor', ...args], { command: TSMPI })

t.test('emulated hosts: a table of the host, matrices of the links, exit code 0', async (t) => {
  const ended = await doctor('--emulate-hosts', '2')
  t.equal(ended.code, 0, ended.stderr)
  t.match(ended.stdout, /^host +start +Node +cores +GiB +BLAS +Gflops +load\nthis machine/)
  for (const title of ['latency, us', 'latency under load, us', 'bandwidth, MB/s', 'bandwidth when all send, MB/s'])
    t.match(ended.stdout, title)
  t.match(ended.stdout, /Slowest link: host\d to host\d/)
  for (const line of ended.stdout.split('\n')) t.ok(line.length <= 80, line)
  t.equal(ended.stderr, '', 'no progress where nobody watches')
})

/** Node, but for what it says of its version. */
function nodeThatSays(version: string): string {
  const [disguise, program] = [join(folder, 'disguise.mjs'), join(folder, 'node')]
  writeFileSync(disguise, `Object.defineProperty(process, 'version', { value: '${version}' })\n`)
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' --import='file://${disguise}' "$@"\n`, { mode: 0o755 })
  return program
}

t.test(
  'a host that is off, one without Node and one with another Node are told; the others are examined',
  async (t) => {
    const hosts = join(folder, 'hosts')
    writeFileSync(hosts, `alpha\nbeta node=${nodeThatSays('v22.1.2')}\noff\ngamma node=/nowhere/node\n`)
    const start = join(folder, 'start.sh')
    writeFileSync(
      start,
      '[ $1 = off ] && { echo "ssh: connect to host off port 22: Connection refused" >&2; exit 255; }\nshift\nexec "$@"\n',
    )
    const ended = await doctor('-f', hosts, '--agent-command', `sh ${start} {host}`, '--json')
    t.equal(ended.code, 1)
    const report = JSON.parse(ended.stdout) as {
      hosts: Examined[]
      linked: string[]
      links: Links
      findings: { kind: string; text: string }[]
    }
    t.strictSame(report.linked, ['alpha', 'beta'])
    t.strictSame(
      report.hosts.map((one) => [one.host, 'facts' in one]),
      [
        ['alpha', true],
        ['beta', true],
        ['off', false],
        ['gamma', false],
      ],
    )
    const remarks = report.findings.map(({ text }) => text)
    t.ok(remarks.some((text) => text.includes(`alpha ${process.version}, beta v22.1.2`)))
    const problems = report.findings.flatMap(({ kind, text }) => (kind === 'problem' ? [text] : []))
    t.equal(problems.length, 2)
    t.match(problems[0], /off cannot take part: [^]*Connection refused/)
    t.match(problems[1], /gamma cannot take part: [^]*\/nowhere\/node/)
    for (const matrix of [
      report.links.latencyUs,
      report.links.loadedLatencyUs,
      report.links.bandwidthMBps,
      report.links.loadedBandwidthMBps,
    ]) {
      t.equal(matrix[0]?.[0], null)
      t.ok((matrix[0]?.[1] as number) > 0 && (matrix[1]?.[0] as number) > 0)
    }
    t.ok(Math.abs(report.links.clockMs[1] as number) < 1000, 'hosts on one machine have one clock')
  },
)

t.test('mistakes are told with code 2', async (t) => {
  const wrong = await doctor('--emulate-hosts', 'many')
  t.equal(wrong.code, 2)
  t.match(wrong.stderr, 'tsmpi: --emulate-hosts is "many", expected a whole number from 1 to 999')
  const missing = await doctor('-f', join(folder, 'none'))
  t.equal(missing.code, 2)
  t.match(missing.stderr, 'cannot be read')
  const network = await doctor('--emulate-hosts', '2', '--emulate', '3gbe')
  t.equal(network.code, 2)
  t.equal(network.stdout, '')
  t.match(network.stderr, /^tsmpi: --emulate: "3gbe" is no network; .*\nTry "tsmpi --help"\.\n$/)
})
