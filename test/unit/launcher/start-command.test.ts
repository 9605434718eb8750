/** The commands that start agents, and the shell text by which another host finds Node and tsmpi. */
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { shellQuote } from '../../../runtime/base/shell-quote.ts'
import { NO_NODE, NO_PACKAGE, startCommand, type StartSettings } from '../../../runtime/launcher/start-command.ts'

const { spawnSync } = process.getBuiltinModule('node:child_process')
const SETTINGS: StartSettings = {
  agentCommand: undefined,
  sshCommand: undefined,
  limitSeconds: 30,
  slurmNodes: new Map([
    ['n1', undefined],
    ['n2', 1],
  ]),
}
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tsmpi-start-')))
t.teardown(() => rmSync(folder, { recursive: true }))

t.test('this machine, ssh, srun and the command of the user', async (t) => {
  const text = (host: string, settings: Partial<StartSettings> = {}, agents = 1): string =>
    startCommand({ host, local: host === 'here' }, agents, { ...SETTINGS, ...settings }, {}).text
  t.match(text('here'), new RegExp(`^${process.execPath} .*agent-main`))
  t.match(
    text('a', { limitSeconds: 2 }),
    /^ssh -T -x -o BatchMode=yes -o ConnectTimeout=1 -o ServerAliveInterval=2 -o ServerAliveCountMax=3 a .*agent-main/,
  )
  t.match(text('a', { sshCommand: 'ssh -p 2222' }, 3), /^ssh -p 2222 -T .* a .*agent-host\.ts 3$/)
  t.match(text('n1'), /^srun .*--nodelist=n1 .*agent-main/)
  t.match(text('n2'), /^srun .*--het-group=1 --nodelist=n2 .*agent-main/)
  t.match(text('n1', { agentCommand: 'enter {host}:{host} --' }), /^enter n1:n1 -- .*agent-main/)
})

t.test('srun is told nothing of how the job was asked for, but where the job is', async (t) => {
  const env = {
    SLURM_JOB_ID: '7',
    SLURM_CONF: '/c',
    SLURM_NTASKS: '9',
    SLURM_MEM_PER_CPU: '1',
    SLURM_LABELIO: '1',
    A: 'b',
  }
  const start = startCommand({ host: 'n1', local: false }, 1, SETTINGS, env)
  t.same(start.env, { SLURM_JOB_ID: '7', SLURM_CONF: '/c', A: 'b', SLURM_OVERLAP: '1' })
})

t.test('any words reach a shell as they are', async () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' }).filter((word) => !word.includes('\0'))), (words) => {
      const script = `printf '%s\\0' ${words.map(shellQuote).join(' ')}`
      const { stdout } = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8' })
      return words.length === 0 || stdout === words.map((word) => `${word}\0`).join('')
    }),
    { numRuns: 30 },
  )
})

t.test('another host looks for Node and tsmpi where the launcher has them, then in its PATH', async (t) => {
  const elsewhere = join(folder, 'lib', 'tsmpi', 'dist', 'runtime')
  const bin = join(folder, 'bin')
  for (const path of [bin, join(elsewhere, 'launcher'), join(elsewhere, 'agent')]) mkdirSync(path, { recursive: true })
  writeFileSync(join(elsewhere, 'launcher', 'tsmpirun.js'), '')
  writeFileSync(join(elsewhere, 'agent', 'agent-main.ts'), '')
  const tool = (name: string): void =>
    symlinkSync(spawnSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim(), join(bin, name))
  tool('readlink')
  const addNode = (): void => {
    writeFileSync(join(bin, 'node'), '#!/bin/sh\necho node "$@"\n')
    chmodSync(join(bin, 'node'), 0o755)
  }
  /** What a host does whose paths are not the launcher's. */
  const onOtherHost = (settings: { nodePath?: string; programDirectory?: string } = {}) => {
    const { args } = startCommand({ host: 'a', local: false, settings }, 1, SETTINGS, {})
    const root = dirname(dirname(dirname(import.meta.dirname)))
    const command = (args.at(-1) as string).replaceAll(process.execPath, '/no/node').replaceAll(root, '/no')
    return spawnSync('/bin/sh', ['-c', command], { env: { PATH: bin }, encoding: 'utf8' })
  }
  const none = onOtherHost()
  t.equal(none.status, 127)
  t.equal(none.stderr, `${NO_NODE}: node is not in PATH=${bin}\n`)
  addNode()
  const noPackage = onOtherHost()
  t.equal(noPackage.status, 127)
  t.match(noPackage.stderr, `${NO_PACKAGE}: there is no /no/runtime/agent/agent-main.ts, nor tsmpirun in PATH=${bin}`)
  symlinkSync(join(elsewhere, 'launcher', 'tsmpirun.js'), join(bin, 'tsmpirun'))
  chmodSync(join(elsewhere, 'launcher', 'tsmpirun.js'), 0o755)
  const found = onOtherHost()
  t.equal(found.status, 0, found.stderr)
  t.match(found.stdout, `${join(elsewhere, 'launcher')}/../../runtime/agent/agent-main.ts`)
  t.match(onOtherHost({ nodePath: '/opt/node' }).stderr, `${NO_NODE}: /opt/node is not in PATH=`)
  t.match(onOtherHost({ programDirectory: '/opt/x' }).stderr, `${NO_PACKAGE}: there is no /opt/x/runtime/agent`)
})
