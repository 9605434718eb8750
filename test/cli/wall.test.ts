/** `tsmpi wall` as its users run it: real jobs of tiny order over emulated networks, going on, mistakes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readResults } from '../../hpl/results/reader.ts'
import { start, TSMPI, type Ended } from '../helpers/tsmpirun.ts'

const folder = mkdtempSync(join(tmpdir(), 'tsmpi-test-wall-'))
t.teardown(() => rmSync(folder, { recursive: true }))

function wall(...args: string[]): Promise<Ended> {
  return start(['wall', ...args], { command: TSMPI, cwd: folder }).ended
}

const SMALL = ['--nb', '16', '--ranks-per-host', '1', '--blas', 'ordered', '--rate', '0.5']

t.test('a wall is measured, printed, drawn and kept; the same command measures nothing again', async (t) => {
  const ended = await wall(...SMALL, '--n', '40,80', '--link', '1gbe', '--grids-n', '40')
  t.equal(ended.code, 0, ended.stderr)
  t.match(ended.stderr, /^1\/6 N=40 NB=16 1x1 WR11R2R8: [^]*\n3\/6 N=40 NB=16 1x2 WC11R2R8, 1gbe: [^]*\n6\/6 /)
  const { stdout } = ended
  t.ok(stdout.split('\n').every((line) => line.length <= 80))
  t.match(stdout, /^Linpack on 2 hosts of 1 rank of 0\.5 Gflops against one such host, 1x2\s+against\s+1x1,\s+NB=16\n/)
  t.match(stdout, /\n1gbe: 1 Gbit\/s, 50 us\n +N +one host +2 hosts +ratio +comm\. +what limits it\n +40 [^]*\n +80 /)
  t.match(stdout, /2 hosts (do not )?beat one /)
  t.match(stdout, /\nGflops by grid and mapping, N=40, 2 hosts\n[^]*\n +1x2 +either [^]*\n +2x1 +either /)
  t.match(stdout, /\nresults: wall-results\.jsonl\ndrawing: wall\.svg\n$/)
  t.match(readFileSync(join(folder, 'wall.svg'), 'utf8'), /^<svg [^]*<\/svg>\n$/)

  const text = readFileSync(join(folder, 'wall-results.jsonl'), 'utf8')
  const { lines, problems } = readResults(text, 'wall-results.jsonl')
  t.same(problems, [])
  t.equal(lines.length, 6)
  t.match(lines[2], {
    kind: 'test',
    test: { n: 40, p: 1, q: 2, outcome: 'passed' },
    hosts: [{ name: 'host0' }, { name: 'host1' }],
    blas: { description: /limited to 0\.5 Gflops a rank$/ },
    sweep: { command: ['tsmpirun', '-n', '2', '--emulate-hosts', '2', '--emulate', '1gbe', 'hpl'] },
    wall: { rate: 0.5, n: [40, 80], links: ['1gbe'] },
  })

  t.comment('what was chosen is in the file: orders and links need not be given again')
  const again = await wall(...SMALL, '--grids-n', '40', '--svg', 'again.svg')
  t.equal(again.code, 0)
  t.equal(again.stderr, '6 of 6 tests are finished in wall-results.jsonl and are not run again\n')
  t.equal(again.stdout, stdout.replace('wall.svg', 'again.svg'))
  t.equal(readFileSync(join(folder, 'again.svg'), 'utf8'), readFileSync(join(folder, 'wall.svg'), 'utf8'))
})

t.test('real hosts: those of a hostfile, the first against all, and what is wrong with it', async (t) => {
  const hosts = (text: string): string => {
    writeFileSync(join(folder, 'hosts'), text)
    return 'hosts'
  }
  const here = ['--agent-command', 'env {host}=here', '--blas', 'ordered', '--nb', '16']
  const file = hosts('alpha slots=1\nbeta slots=1\n')
  const ended = await wall(...here, '-f', file, '--n', '40,80', '--grids-n', '0', '-o', 'real.jsonl', '--svg', '')
  t.equal(ended.code, 0, ended.stderr)
  t.match(ended.stdout, /^Linpack on 2 hosts of 1 rank against one such host, 1x2 against 1x1, NB=16\n/)
  t.match(ended.stdout, '\n1gbe: 1 Gbit/s, 50 us (as --link says; measured on the network that is there)\n')
  const { lines } = readResults(readFileSync(join(folder, 'real.jsonl'), 'utf8'), 'real.jsonl')
  const names = lines.map((line) => (line.kind === 'test' ? line.hosts.map(({ name }) => name) : []))
  t.same(names, [['alpha'], ['alpha'], ['alpha', 'beta'], ['alpha', 'beta']])

  const wrong = await wall('-f', hosts('alpha slots=1\nbeta slots=2\n'), '--hosts', '3', '--link', '1gbe,10gbe')
  t.equal(wrong.code, 2)
  t.match(wrong.stderr, /--ranks-per-host: .* \(alpha 1, beta 2\); say how many/)
  t.match(wrong.stderr, /--hosts: read "3"; it counts emulated hosts, hosts names real ones/)
  t.match(wrong.stderr, /--link: with --hostfile .*; expected one link/)
  t.match((await wall('-f', hosts('alpha slots=2\n'))).stderr, /--hostfile hosts: one host; expected two or more/)
})

t.test('--dry-run shows the jobs and starts none', async (t) => {
  const ended = await wall(...SMALL, '--n', '40', '--link', 'bandwidth=10 Mbit/s,latency=1 ms', '--grids-n', '0', '--dry-run', '--output', 'none.jsonl') // prettier-ignore
  t.equal(ended.code, 0, ended.stderr)
  t.match(
    ended.stdout,
    /--emulate 'bandwidth=10 Mbit\/s,latency=1 ms' [^]*\n2 of 2 tests would run; nothing was started\n$/,
  )
})

t.test('mistakes end with code 2, all together', async (t) => {
  const ended = await wall('--n', '0', '--hosts', 'two', '--link', 'slow')
  t.same([ended.code, ended.stdout], [2, ''])
  t.match(
    ended.stderr,
    /--hosts: read "two"[^]*--n: read "0"[^]*--link: "slow" is no network; expected one of 100mbe, /,
  )
  t.match((await wall('-n', '4')).stderr, /-n: ranks are --hosts times --ranks-per-host/)
  const nowhere = await wall('--svg', '/nowhere/wall.svg', '--output', '/nowhere/wall.jsonl')
  t.match(nowhere.stderr, /--output \/nowhere\/wall\.jsonl cannot be written[^]*--svg \/nowhere\/wall\.svg cannot be/)
  t.equal(nowhere.code, 2)
})
