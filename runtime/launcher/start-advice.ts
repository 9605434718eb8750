/** What to try when a host could not be started, from what its start command printed. Pure. */
import { OLDEST_NODE } from '../base/oldest-node.ts'
import { NO_NODE, NO_PACKAGE, type StartMethod } from './start-command.ts'

export interface StartFailure {
  readonly host: string
  readonly method: StartMethod
  /** How the start command ended, such as `exit code 255`. */
  readonly how: string
  /** What it printed. */
  readonly printed: string
  /** Version of tsmpi to install. */
  readonly version: string
}

interface Rule {
  readonly pattern: RegExp
  readonly advice: (failure: StartFailure) => string
}

const NODE_FIELD = 'or name its program in the hostfile: node=PATH'

/** What programs say, most telling first; the first row that fits counts. */
const RULES: readonly Rule[] = [
  {
    pattern: new RegExp(NO_NODE),
    advice: ({ host }) => `install Node.js ${OLDEST_NODE} or later on ${bare(host)}, ${NODE_FIELD}`,
  },
  {
    pattern: new RegExp(`${NO_PACKAGE}|tsmpi \\S+ is installed there|Cannot find module.*agent-(main|host)`),
    advice: ({ host, version }) =>
      `install the same tsmpi on ${bare(host)} (npm install --global tsmpi@${version}), at the same path as here, or name its folder in the hostfile: tsmpi=PATH`,
  },
  {
    pattern: /SyntaxError|ERR_UNKNOWN_BUILTIN_MODULE|Unexpected token|Node\.js \S+ runs there/,
    advice: ({ host }) =>
      `update Node.js on ${bare(host)}: tsmpi needs version ${OLDEST_NODE} or later (nodejs.org/en/download; systems may come with an older one); ${NODE_FIELD}`,
  },
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    advice: ({ host }) =>
      `${bare(host)} has another key than when it was first seen; if it was installed anew, forget the old one: ssh-keygen -R ${bare(host)}`,
  },
  {
    pattern: /Host key verification failed|No \S+ host key is known/,
    advice: ({ host }) =>
      `the key of ${bare(host)} is not known here yet: log in once by hand (ssh ${host} true) and accept it, or in a network you trust: ssh-keyscan ${bare(host)} >> ~/.ssh/known_hosts`,
  },
  {
    pattern: /Too many authentication failures/,
    advice: ({ host }) =>
      `name the one key to use: tsmpirun --ssh-command "ssh -o IdentitiesOnly=yes -i ~/.ssh/KEY", or in ~/.ssh/config for ${bare(host)}`,
  },
  {
    pattern: /Permission denied/,
    advice: ({ host }) =>
      `log-in must work without a password: ssh-copy-id ${host}; a key with a passphrase goes into the agent: ssh-add; another user is written USER@${bare(host)}, another key --ssh-command "ssh -i FILE"`,
  },
  {
    pattern: /account is (currently )?not available/,
    advice: ({ host }) =>
      `the user may log in on ${bare(host)}, but gets no shell there: give it one (chsh -s /bin/sh), or name another user: USER@${bare(host)}`,
  },
  {
    pattern: /Could not resolve hostname|Name or service not known|Temporary failure in name resolution/,
    advice: ({ host }) =>
      `check how "${bare(host)}" is spelled; a name needs a line in /etc/hosts, DNS or ~/.ssh/config`,
  },
  {
    pattern: /Connection refused/,
    advice: ({ host }) =>
      `${bare(host)} is there, but no ssh server listens: start it (systemctl start ssh), or give its port: --ssh-command "ssh -p PORT"`,
  },
  {
    pattern: /No route to host|Network is unreachable|Host is down/,
    advice: ({ host }) =>
      `no way leads to ${bare(host)}: is it switched on, and in this network? Try: ping ${bare(host)}`,
  },
  {
    pattern: /Connection timed out|Operation timed out/,
    advice: ({ host }) =>
      `nothing answers at ${bare(host)}: is it switched on, is its address right, does a firewall drop the packets? Try: ping ${bare(host)}`,
  },
  {
    pattern: /Connection (closed|reset)|kex_exchange_identification/,
    advice: ({ host }) =>
      `the ssh server of ${bare(host)} hung up before the log-in: it may limit connections (MaxStartups), or this port may be no ssh server's`,
  },
  {
    pattern: /spawn ssh ENOENT|: ssh: not found|ssh: command not found/,
    advice: () => 'install the ssh client on this machine (Debian: openssh-client), or give another: --ssh-command',
  },
  {
    pattern: /spawn srun ENOENT/,
    advice: () => 'srun is not in the PATH of this shell, although it is inside a Slurm job: load what provides it',
  },
  {
    pattern: /Invalid job id|has been revoked|Job\/step already completing|Expired or invalid job/,
    advice: () => 'the Slurm allocation has ended: ask for a new one with salloc or sbatch',
  },
  {
    pattern: /step creation (temporarily|still) disabled|Requested nodes are busy/,
    advice: () => 'other steps of the job hold its resources: wait for them, or ask for them with srun --overlap',
  },
  {
    pattern: /Requested node configuration is not available|Invalid node name|not in this job/,
    advice: ({ host }) => `${host} does not belong to this Slurm allocation: see SLURM_JOB_NODELIST`,
  },
]

/** One sentence of advice for a host that could not be started. */
export function startAdvice(failure: StartFailure): string {
  const seen = `${failure.printed}\n${failure.how}`
  const rule = RULES.find(({ pattern }) => pattern.test(seen))
  return rule?.advice(failure) ?? generalAdvice(failure)
}

function generalAdvice({ method, host }: StartFailure): string {
  switch (method) {
    case 'ssh':
      return `this must work without a password and print nothing but the version: ssh ${host} node --version`
    case 'srun':
      return `this must work inside the allocation: srun --nodelist=${host} --ntasks=1 node --version`
    case 'agent-command':
      return 'run the command by hand: it must start without a question, wait, and print nothing readable'
    case 'here':
      return 'the installation may be damaged: run `tsmpi info`'
  }
}

/** The host without the user. */
function bare(host: string): string {
  return host.replace(/^.*@/, '')
}
