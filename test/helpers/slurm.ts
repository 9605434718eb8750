/**
 * A real Slurm on this machine: munged, slurmctld and two slurmd with the node names n1 and n2, each with a port of its own,
 * run by the current user; everything they keep lies in a temporary folder.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort } from './free-port.ts'
import { allGone } from './tsmpirun.ts'
import { until } from './until.ts'

const { spawnSync } = process.getBuiltinModule('node:child_process')

/** Daemons lie where users' paths do not lead. */
const PATH = [process.env['PATH'], '/usr/sbin', '/sbin', '/usr/local/sbin'].join(delimiter)
const PROGRAMS = ['munged', 'mungekey', 'slurmctld', 'slurmd', 'srun', 'salloc', 'sbatch', 'sinfo']

/** Why there can be no Slurm here; undefined if there can. */
export function slurmMissing(): string | undefined {
  const folders = PATH.split(delimiter)
  const missing = PROGRAMS.filter((name) => !folders.some((folder) => existsSync(join(folder, name))))
  return missing.length === 0 ? undefined : `no ${missing.join(', ')} found (Debian: slurm-wlm munge)`
}

export interface Slurm {
  readonly folder: string
  /** For the programs that use it. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** Starts it; resolves when both nodes are idle. */
export async function startSlurm(): Promise<Slurm> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tsmpi-slurm-')))
  chmodSync(folder, 0o755) // munged insists; its key is not for others to read
  try {
    return await startIn(folder)
  } catch (error) {
    await stop(folder)
    throw error
  }
}

const IDLE_LIMIT_MS = 60_000

async function startIn(folder: string): Promise<Slurm> {
  const file = (name: string): string => join(folder, name)
  const env = { PATH, SLURM_CONF: file('slurm.conf') }
  const run = (command: string, ...args: string[]): string => {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      env: { ...process.env, ...env },
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`)
    return stdout
  }
  for (const name of ['state', 'spool-n1', 'spool-n2']) mkdirSync(file(name))
  const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  writeFileSync(file('slurm.conf'), configuration(file, ports))
  run('mungekey', '--create', `--keyfile=${file('munged.key-file')}`)
  run(
    'munged',
    ...['key-file', 'socket', 'pid-file', 'log-file', 'seed-file'].map((name) => `--${name}=${file(`munged.${name}`)}`),
  )
  run('slurmctld', '-i')
  run('slurmd', '-N', 'n1')
  run('slurmd', '-N', 'n2')
  const idle = async (): Promise<void> => {
    const nodes = (): string => run('sinfo', '--noheader', '--format=%t %D').trim()
    await until(
      () => nodes() === 'idle 2',
      IDLE_LIMIT_MS,
      () => `nodes are not idle but: ${nodes()}`,
    )
  }
  await idle()
  // A step that has not told the controller of its end would try for ever, and its slurmd wait for it.
  return { folder, env, stop: () => idle().finally(() => stop(folder)) }
}

const PID_FILES = ['slurmd-n1.pid', 'slurmd-n2.pid', 'slurmctld.pid', 'munged.pid-file']

async function stop(folder: string): Promise<void> {
  const files = PID_FILES.map((name) => join(folder, name)).filter(existsSync)
  const pids = files.map((file) => Number(readFileSync(file, 'utf8')))
  for (const pid of pids) process.kill(pid)
  await allGone(pids, 20_000)
  rmSync(folder, { recursive: true })
}

function configuration(file: (name: string) => string, [controller, agents, n1, n2]: readonly number[]): string {
  const user = userInfo().username
  return `ClusterName=test
SlurmctldHost=localhost
SlurmctldPort=${controller}
SlurmdPort=${agents}
SlurmUser=${user}
SlurmdUser=${user}
AuthType=auth/munge
AuthInfo=socket=${file('munged.socket')}
StateSaveLocation=${file('state')}
SlurmdSpoolDir=${file('spool-%n')}
SlurmctldPidFile=${file('slurmctld.pid')}
SlurmdPidFile=${file('slurmd-%n.pid')}
SlurmctldLogFile=${file('slurmctld.log')}
SlurmdLogFile=${file('slurmd-%n.log')}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SlurmdParameters=config_overrides
ReturnToService=2
NodeName=n1 NodeHostname=localhost NodeAddr=127.0.0.1 Port=${n1} CPUs=4 RealMemory=100
NodeName=n2 NodeHostname=localhost NodeAddr=127.0.0.1 Port=${n2} CPUs=4 RealMemory=100
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:8
`
}
