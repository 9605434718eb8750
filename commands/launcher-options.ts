/** The options of tsmpirun that say where and how ranks run, for commands that start jobs. */
import type { Options } from 'yargs'

/** By name, for yargs; all are texts that tsmpirun checks itself. */
export const LAUNCHER_OPTIONS = {
  hostfile: { alias: 'f', type: 'string', requiresArg: true, describe: 'File with a host a line: NAME slots=N' },
  host: { alias: 'H', type: 'string', requiresArg: true, describe: 'Hosts as a list: a:2,b' },
  exclude: { type: 'string', requiresArg: true, describe: 'Leave these hosts out: a,b' },
  'map-by': { type: 'string', requiresArg: true, describe: 'How ranks are dealt over hosts: slot, node …' },
  'rank-by': { type: 'string', requiresArg: true, describe: 'How ranks are numbered: slot or node' },
  'bind-to': { type: 'string', requiresArg: true, describe: 'Keep each rank on a core of its own: core' },
  transport: { type: 'string', requiresArg: true, describe: 'auto or zmq' },
  'emulate-hosts': { type: 'string', requiresArg: true, describe: 'Deal the ranks over K hosts on this machine' },
  emulate: { type: 'string', requiresArg: true, describe: 'Network to pretend between hosts: 1gbe, …' },
  'slow-host': { type: 'string', requiresArg: true, describe: 'Make hosts compute slower: 1=0.5 or node1=0.8' },
  'ranks-per-agent': { type: 'string', requiresArg: true, describe: 'Most ranks that share a process' },
  'agent-command': { type: 'string', requiresArg: true, describe: 'How to start a process on another host' },
  'ssh-command': { type: 'string', requiresArg: true, describe: 'Another ssh, or ssh with options' },
  'start-timeout': { type: 'string', requiresArg: true, describe: 'How long a host may take to start' },
  interface: { type: 'string', requiresArg: true, describe: 'Where hosts listen: an interface, address or network' },
  ports: { type: 'string', requiresArg: true, describe: 'Ports that hosts may listen on: FIRST-LAST' },
  encryption: { type: 'string', requiresArg: true, describe: 'off: messages can be read and changed on the wire' },
  x: { type: 'string', array: true, nargs: 1, describe: 'Export an environment variable: VAR or VAR=value' },
} as const satisfies Record<string, Options>

/** Arguments for tsmpirun from options that were given. Local. */
export function launcherArguments(options: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(LAUNCHER_OPTIONS).flatMap((name) =>
    [options[name] ?? []].flat().flatMap((value) => [name.length === 1 ? `-${name}` : `--${name}`, String(value)]),
  )
}
