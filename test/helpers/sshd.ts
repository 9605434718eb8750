/**
 * A real sshd with a configuration, host key and user key of its own, on a loopback port, run by the current user in a
 * temporary folder; and a client configuration in which several host names lead to it. Who logs in has a home of his own
 * there: what the user's shell does at its start, and may print, is none of the tests' business.
 */
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

const { spawn, spawnSync } = process.getBuiltinModule('node:child_process')

const SSHD = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/lib/ssh/sshd'].find(existsSync)
/** Where sshd of a system's package puts its unprivileged half; packages make it when the service starts. */
const EMPTY_FOLDER = '/run/sshd'

/** Why there can be no sshd here; undefined if there can. */
export function sshdMissing(): string | undefined {
  if (SSHD === undefined) return 'no sshd found (Debian: openssh-server)'
  return spawnSync('ssh', ['-V']).status === 0 ? undefined : 'no ssh found (Debian: openssh-client)'
}

export interface Sshd {
  readonly folder: string
  readonly pid: number
  /** `ssh` with the client configuration: hosts alpha and beta; and those that cannot be reached, each in its way. */
  readonly ssh: string
  /** How many log-ins have been accepted. */
  logIns(): number
  stop(): Promise<void>
}

/** Starts it; resolves when it listens. @param more lines for its configuration */
export async function startSshd(more = ''): Promise<Sshd> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tsmpi-sshd-')))
  const file = (name: string): string => join(folder, name)
  for (const key of ['host_key', 'user_key', 'other_key'])
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(key)])
  const [port, deadPort] = [await freePort(), await freePort()]
  const publicKey = readFileSync(file('host_key.pub'), 'utf8')
  const otherKey = readFileSync(file('other_key.pub'), 'utf8')
  writeFileSync(file('authorized_keys'), readFileSync(file('user_key.pub')), { mode: 0o600 })
  writeFileSync(file('known_hosts'), `[127.0.0.1]:${port} ${publicKey}`)
  writeFileSync(file('outdated_hosts'), `[127.0.0.1]:${port} ${otherKey}`)
  mkdirSync(file('home'))
  writeFileSync(file('sshd_config'), serverConfiguration(file, port) + more)
  writeFileSync(file('ssh_config'), clientConfiguration(file, port, deadPort))
  if (process.getuid?.() === 0 && !existsSync(EMPTY_FOLDER)) mkdirSync(EMPTY_FOLDER, { mode: 0o755 })
  const child = spawn(SSHD as string, ['-D', '-e', '-f', file('sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] })
  const log = await listening(child)
  return {
    folder,
    pid: child.pid as number,
    ssh: `ssh -F ${file('ssh_config')}`,
    logIns: () => log().split('Accepted publickey').length - 1,
    stop: async () => {
      const gone = new Promise((resolve) => child.once('close', resolve))
      child.kill()
      await gone
      rmSync(folder, { recursive: true })
    },
  }
}

/** Resolves to what reads the server's log, once it says that it listens. */
function listening(child: ChildProcess): Promise<() => string> {
  let log = ''
  return new Promise((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      log += chunk.toString()
      if (log.includes('Server listening')) resolve(() => log)
    })
    child.on('close', (code) => reject(new Error(`sshd ended with ${code}: ${log}`)))
  })
}

function serverConfiguration(file: (name: string) => string, port: number): string {
  return `Port ${port}
ListenAddress 127.0.0.1
HostKey ${file('host_key')}
AuthorizedKeysFile ${file('authorized_keys')}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
LogLevel VERBOSE
SetEnv HOME=${file('home')}
`
}

function clientConfiguration(file: (name: string) => string, port: number, deadPort: number): string {
  const host = (name: string, fields: Readonly<Record<string, string | number>>): string => {
    const all = {
      HostName: '127.0.0.1',
      Port: port,
      IdentityFile: file('user_key'),
      IdentitiesOnly: 'yes',
      IdentityAgent: 'none',
      UserKnownHostsFile: file('known_hosts'),
      GlobalKnownHostsFile: '/dev/null',
      StrictHostKeyChecking: 'yes',
      ...fields,
    }
    const lines = Object.entries(all).map(([key, value]) => `  ${key} ${value}\n`)
    return `Host ${name}\n${lines.join('')}`
  }
  return [
    host('alpha beta', {}),
    host('stranger', { UserKnownHostsFile: '/dev/null' }),
    host('changed', { UserKnownHostsFile: file('outdated_hosts') }),
    host('locked', { IdentityFile: file('other_key') }),
    host('closed', { Port: deadPort }),
    host('nowhere', { HostName: 'no-such-host.invalid' }),
  ].join('')
}
