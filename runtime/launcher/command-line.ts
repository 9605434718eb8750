/**
 * The command line of tsmpirun. Options end at the program's name; everything after it belongs to the program.
 */
import { resolve } from 'node:path'
import yargs from 'yargs'
import type { Checks } from '../agent/job-description.ts'
import { installedVersion } from '../base/version.ts'
import { networkOf, portRange, type PortRange } from './hostfile.ts'
import { once, positiveInteger } from './option-values.ts'
import { PLACEMENT, placementOptions, type PlacementOptions } from './placement-options.ts'
import type { LinkProfile } from '../transport/emulated-link.ts'
import { IO_OPTIONS, readIoOptions, type IoOptions } from './io-options.ts'
import { parseSlowHosts, type SlowHost } from './slow-hosts.ts'
import { UsageError } from './usage-error.ts'

/** Where agents listen for each other; what is not said is found out. */
export interface Listening {
  /** Name of an interface, an address, or a network such as 10.0.0.0/8. */
  readonly interface: string | undefined
  readonly ports: PortRange | undefined
}

export interface LaunchOptions {
  /** Ranks; undefined: as many as there are slots. */
  readonly n: number | undefined
  readonly hostfile: string | undefined
  readonly host: string | undefined
  readonly placement: PlacementOptions
  readonly transport: 'auto' | 'zmq'
  readonly emulateHosts: number | undefined
  readonly ranksPerAgent: number | undefined
  /** Network that the job pretends to have. */
  readonly emulate: LinkProfile | undefined
  /** Rate of the links between namespaces, as scripts/netlab takes it. */
  readonly netlab: string | undefined
  /** Hosts that shall be slower than they are. */
  readonly slowHosts: readonly SlowHost[]
  /** Command that starts an agent on a host; `{host}` stands for its name. */
  readonly agentCommand: string | undefined
  /** Run instead of ssh: another program, or ssh with options. */
  readonly sshCommand: string | undefined
  /** How long a host may take to start; undefined: the default. */
  readonly startTimeoutSeconds: number | undefined
  /** Environment of the ranks: VAR or VAR=value. */
  readonly exports: readonly string[]
  readonly wdir: string | undefined
  /** Where agents listen for each other, on hosts whose line in the hostfile says nothing else. */
  readonly listening: Listening
  /** Of what agents say to each other. */
  readonly encryption: 'on' | 'off'
  readonly timeoutSeconds: number | undefined
  readonly io: IoOptions
  /** File for the trace of all calls. */
  readonly traceFile: string | undefined
  /** Print at the end where the time went. */
  readonly profile: boolean
  /** Serve a page that shows the job while it runs. */
  readonly dashboard: boolean
  /** Port for that page; undefined: the system chooses. */
  readonly dashboardPort: number | undefined
  /** Algorithms of collectives to use: COLLECTIVE=ALGORITHM. */
  readonly collectives: readonly string[]
  /** Tuning file; undefined: that of the user, if there is one; 'none': none. */
  readonly tuning: string | undefined
  /** What the program leaves behind makes the job fail. */
  readonly strict: boolean
  readonly checks: Checks
  readonly program: string
  readonly programArgs: readonly string[]
}

/**
 * Parses the arguments after `tsmpirun`. Prints and exits for --help and --version.
 *
 * @throws UsageError for every mistake found
 */
export async function parseCommandLine(args: readonly string[]): Promise<LaunchOptions> {
  const parser = describeOptions(args.map(asOneOption))
  const argv = await parser.parseAsync()
  const [program, ...rest] = argv._.map(String)
  const programArgs = args.slice(args.length - rest.length) // as they were given
  const problems = args.slice(0, args.length - argv._.length).flatMap(faultOfFlag)
  const io = readIoOptions(
    {
      ...argv,
      outputFilename: once('--output-filename', argv.outputFilename, problems),
      stdin: once('--stdin', argv.stdin, problems),
      forwardSignals: once('--forward-signals', argv.forwardSignals, problems),
    },
    problems,
  )
  const options = {
    n: positiveInteger('-n', argv.n, problems),
    hostfile: once('--hostfile', argv.hostfile, problems),
    host: argv.host?.join(','),
    placement: placementOptions(argv, problems),
    transport: choice('--transport', argv.transport, ['auto', 'zmq'], problems),
    emulateHosts: positiveInteger('--emulate-hosts', argv.emulateHosts, problems),
    ranksPerAgent: positiveInteger('--ranks-per-agent', argv.ranksPerAgent, problems),
    emulate: await link(once('--emulate', argv.emulate, problems), problems),
    netlab: once('--netlab', argv.netlab, problems),
    slowHosts: parseSlowHosts(argv.slowHost ?? [], problems),
    agentCommand: once('--agent-command', argv.agentCommand, problems),
    sshCommand: once('--ssh-command', argv.sshCommand, problems),
    startTimeoutSeconds: await seconds(
      '--start-timeout',
      once('--start-timeout', argv.startTimeout, problems),
      problems,
    ),
    exports: argv.x ?? [],
    wdir: once('--wdir', argv.wdir, problems),
    listening: {
      interface: parsed('--interface', argv.interface, networkOf, problems),
      ports: parsed('--ports', argv.ports, portRange, problems),
    },
    encryption: choice('--encryption', argv.encryption, ['on', 'off'], problems),
    timeoutSeconds: await seconds('--timeout', once('--timeout', argv.timeout, problems), problems),
    io,
    traceFile: once('--trace', argv.trace, problems),
    profile: argv.profile,
    dashboard: argv.dashboard || argv.dashboardPort !== undefined,
    dashboardPort: port('--dashboard-port', once('--dashboard-port', argv.dashboardPort, problems), problems),
    collectives: argv.collective ?? [],
    tuning: once('--tuning', argv.tuning, problems),
    strict: argv.strict,
    checks: {
      deadlocks: !argv.noDeadlockDetection,
      ssendAll: argv.ssendAll,
      buffers: argv.check,
      signals: io.forwarded,
      signalsWake: io.forwardedByName,
    },
    program: program ?? '',
    programArgs,
  }
  if (program === undefined && !options.placement.dryRun)
    problems.push('no program given; expected a file (.ts, .js, .mjs) or the built-in program "hpl"')
  problems.push(...faultOfTrace(options))
  checkTogether(options, problems)
  if (problems.length > 0) throw new UsageError(problems)
  return options
}

/** Options of Open MPI's mpirun that say in a word what takes another of ours and its value. */
const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ['pernode', '-N=1'],
  ['bynode', '--map-by=node'],
  ['byslot', '--map-by=slot'],
])

/** As the parser reads it, to which `-hostfile` is one option, as to mpirun: what follows `-n4` at once is set apart. */
function asOneOption(arg: string): string {
  const [, letter, value] = /^-([nN](?=\d)|[Hx](?!=))(.+)$/.exec(arg) ?? []
  return letter === undefined ? (OTHER_WORDS.get(arg.replace(/^--?/, '')) ?? arg) : `-${letter}=${value}`
}

/** A flag with a value that is none: the parser would take it for off. */
function faultOfFlag(arg: string): string[] {
  const [, name = '', value] = /^--?([^=]+)=(.*)$/.exec(arg) ?? []
  if (!FLAGS.has(name) || value === 'true' || value === 'false') return []
  return [`--${name} is ${JSON.stringify(value)}, expected true or false, or --${name} alone`]
}

/** A trace must not take the place of a program, as it would where FILE was forgotten. */
function faultOfTrace({ traceFile, program }: LaunchOptions): string[] {
  const isProgram =
    traceFile !== undefined && (/\.[cm]?[jt]sx?$/.test(traceFile) || resolve(traceFile) === resolve(program))
  return isProgram
    ? [`--trace is ${JSON.stringify(traceFile)}, a program: expected the file for the trace, as in trace.json`]
    : []
}

const DIAGNOSIS_OPTIONS = {
  'no-deadlock-detection': {
    type: 'boolean',
    default: false,
    describe: 'Let a job go on in which no rank can be woken any more',
  },
  'ssend-all': {
    type: 'boolean',
    default: false,
    describe: 'Make every send synchronous: shows programs that rely on buffering',
  },
  check: {
    type: 'boolean',
    default: false,
    describe: 'Costly checks: buffers touched while a call is under way, requests never completed',
  },
  strict: {
    type: 'boolean',
    default: false,
    describe: 'Fail if messages, requests or communicators are left over at the end',
  },
} as const

const START_OPTIONS = {
  'agent-command': {
    type: 'string',
    requiresArg: true,
    describe: 'How to start an agent elsewhere, with {host} for its name [default: ssh {host}]',
  },
  'ssh-command': {
    type: 'string',
    requiresArg: true,
    describe: 'Another ssh, or ssh with options: "ssh -p 2222 -i KEY" [default: $TSMPI_SSH, or ssh]',
  },
  'start-timeout': {
    type: 'string',
    requiresArg: true,
    describe: 'How long a host may take to start: seconds, or a time such as "1 min" [default: 30]',
  },
} as const

const EMULATION = {
  'emulate-hosts': {
    type: 'string',
    requiresArg: true,
    describe: 'Deal the ranks over K agents on this machine that talk over ZeroMQ',
  },
  emulate: {
    type: 'string',
    requiresArg: true,
    describe: 'Network to pretend between hosts: 1gbe, 10gbe, ... or bandwidth=1 Gbit/s,latency=50 us,buffer=256 KiB',
  },
  netlab: {
    type: 'string',
    requiresArg: true,
    describe: 'Real links of the kernel between the emulated hosts, in network namespaces: 100mbe to 10gbe, or Mbit/s',
  },
  'slow-host': {
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'Make a host compute slower: 2=0.5 halves the speed of host number 2, counted from 0; node1=0.8',
  },
} as const

const RECORDING = {
  trace: {
    type: 'string',
    requiresArg: true,
    describe: 'Write every call and message to this file, for Perfetto or chrome://tracing',
  },
  profile: { type: 'boolean', default: false, describe: 'Print at the end where the time of the ranks went' },
  dashboard: {
    type: 'boolean',
    default: false,
    describe: 'Serve a page, on this machine only, that shows the job live',
  },
  'dashboard-port': {
    type: 'string',
    requiresArg: true,
    describe: 'Port of 127.0.0.1 for that page [default: one that is free]',
  },
} as const

const BETWEEN_AGENTS = {
  interface: {
    type: 'string',
    requiresArg: true,
    describe: 'Where agents listen for each other: an interface, an address or a network such as 10.0.0.0/8',
  },
  ports: { type: 'string', requiresArg: true, describe: 'Ports that agents may listen on: FIRST-LAST' },
  encryption: {
    type: 'string',
    requiresArg: true,
    default: 'on',
    describe:
      'off: messages between hosts can be read and changed on the wire; long ones cost a third of the processor',
  },
} as const

/** Options without a value. */
const FLAGS: ReadonlySet<string> = new Set(
  Object.entries({ ...PLACEMENT, ...RECORDING, ...DIAGNOSIS_OPTIONS, ...IO_OPTIONS })
    .filter(([, { type }]) => type === 'boolean')
    .map(([name]) => name),
)

function describeOptions(args: readonly string[]) {
  return yargs(args)
    .scriptName('tsmpirun')
    .usage(
      '$0 [options] program[.ts|.js|.mjs] [args...]\n\nRuns an SPMD program as N ranks. Built-in program: hpl (High-Performance Linpack).',
    )
    .parserConfiguration({
      'halt-at-non-option': true,
      'short-option-groups': false,
      'camel-case-expansion': true,
      'boolean-negation': false,
      'parse-positional-numbers': false,
    })
    .options({
      n: {
        alias: 'np',
        type: 'string',
        requiresArg: true,
        describe: 'Number of ranks [default: the slots of the hosts, or the cores of this machine]',
      },
      hostfile: {
        alias: ['f', 'machinefile'],
        type: 'string',
        requiresArg: true,
        describe: 'File with a host a line: NAME slots=N',
      },
      host: { alias: ['H', 'hosts'], type: 'string', array: true, nargs: 1, describe: 'Hosts as a list: a:2,b' },
      ...PLACEMENT,
      transport: {
        type: 'string',
        requiresArg: true,
        default: 'auto',
        describe: 'auto: shared memory within a host; zmq: ZeroMQ between all ranks',
      },
      ...EMULATION,
      'ranks-per-agent': { type: 'string', requiresArg: true, describe: 'Most ranks that share a process' },
      ...START_OPTIONS,
      x: {
        type: 'string',
        array: true,
        nargs: 1,
        describe: 'Export an environment variable to all ranks: VAR or VAR=value',
      },
      wdir: { alias: 'wd', type: 'string', requiresArg: true, describe: 'Working directory of the ranks' },
      ...BETWEEN_AGENTS,
      timeout: {
        type: 'string',
        requiresArg: true,
        describe: 'End the job after this time: seconds, or a time such as "5 min"',
      },
      ...RECORDING,
      collective: {
        type: 'string',
        array: true,
        nargs: 1,
        describe: 'Use this algorithm for a collective: allreduce=ring',
      },
      tuning: {
        type: 'string',
        requiresArg: true,
        describe: 'File of "tsmpi tune" that says which algorithm when, or none',
      },
      ...DIAGNOSIS_OPTIONS,
      ...IO_OPTIONS,
    })
    .example('$0 -n 4 program.ts', 'four ranks on this machine')
    .example('$0 -n 4 hpl', 'Linpack with ./HPL.dat, or the packaged one')
    .example('$0 --hostfile hosts program.ts', 'a rank for every slot of the hosts')
    .example('$0 -n 4 --emulate-hosts 2 program.ts', 'two hosts on this machine')
    .version(installedVersion())
    .alias('h', 'help')
    .wrap(Math.min(process.stdout.columns ?? 100, 100))
    .strictOptions()
    .exitProcess(true)
    .fail((message: string | null, error: Error | undefined) => {
      throw error instanceof UsageError ? error : new UsageError([message ?? String(error)])
    })
}

function checkTogether(options: LaunchOptions, problems: string[]): void {
  const { hostfile, host, emulateHosts, transport, ranksPerAgent, agentCommand, sshCommand } = options
  if (emulateHosts !== undefined && (hostfile ?? host ?? options.placement.exclude) !== undefined)
    problems.push(
      '--emulate-hosts deals the ranks over this machine: it goes with none of --hostfile, --host and --exclude',
    )
  if (options.netlab !== undefined) checkNetlab(options.netlab, options, problems)
  if (agentCommand !== undefined && sshCommand !== undefined)
    problems.push('--agent-command and --ssh-command: give one of the two')
  if (transport === 'zmq' && ranksPerAgent !== undefined && ranksPerAgent !== 1)
    problems.push(
      `--transport zmq puts each rank into a process of its own: --ranks-per-agent is ${ranksPerAgent}, expected 1 or nothing`,
    )
}

const NETLAB_RATE = /^(100mbe|1gbe|2\.5gbe|5gbe|10gbe|[1-9]\d{0,5})$/

function checkNetlab(rate: string, options: LaunchOptions, problems: string[]): void {
  const { emulateHosts = 0, emulate, agentCommand, sshCommand } = options
  if (!NETLAB_RATE.test(rate))
    problems.push(
      `--netlab is ${JSON.stringify(rate)}, expected 100mbe, 1gbe, 2.5gbe, 5gbe, 10gbe or a number of Mbit/s`,
    )
  if (emulateHosts < 2 || emulateHosts > 200)
    problems.push('--netlab sets up a network between the hosts of --emulate-hosts K, with K from 2 to 200')
  if ((emulate ?? agentCommand ?? sshCommand) !== undefined)
    problems.push('--netlab goes with none of --emulate, --agent-command and --ssh-command: its links are real')
}

function port(option: string, text: string | undefined, problems: string[]): number | undefined {
  const range = text === undefined ? undefined : portRange(text)
  if (text !== undefined && (range === undefined || range.first !== range.last))
    problems.push(`${option} is ${JSON.stringify(text)}, expected a port from 1 to 65535`)
  return range?.first
}

/** Loaded on demand: most jobs take the network as it is. */
async function link(text: string | undefined, problems: string[]): Promise<LinkProfile | undefined> {
  if (text === undefined) return undefined
  const { parseLink } = await import('./emulation.ts')
  try {
    return await parseLink(text)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    problems.push(error.message)
    return undefined
  }
}

/** What agents may listen on, as the options of these names say it. */
const LISTENING_EXPECTED = {
  '--interface': 'the name of an interface, an address, or a network such as 10.0.0.0/8',
  '--ports': 'a port or FIRST-LAST, from 1 to 65535',
} as const

function parsed<T>(
  option: keyof typeof LISTENING_EXPECTED,
  given: string | string[] | undefined,
  parse: (text: string) => T | undefined,
  problems: string[],
): T | undefined {
  const text = once(option, given, problems)
  const value = text === undefined ? undefined : parse(text)
  if (text !== undefined && value === undefined)
    problems.push(`${option} is ${JSON.stringify(text)}, expected ${LISTENING_EXPECTED[option]}`)
  return value
}

/** One of two words, of which the first is the default. */
function choice<Word extends string>(
  option: string,
  text: string | string[],
  [usual, other]: readonly [Word, Word],
  problems: string[],
): Word {
  const value = once(option, text, problems)
  if (value === other) return other
  if (value !== usual) problems.push(`${option} is ${JSON.stringify(value)}, expected ${usual} or ${other}`)
  return usual
}

/** A time in seconds: a number, or a quantity with a unit. */
async function seconds(option: string, text: string | undefined, problems: string[]): Promise<number | undefined> {
  if (text === undefined) return undefined
  const value = /^[\d.]+$/.test(text) ? Number(text) : await quantityInSeconds(text)
  if (value > 0 && value <= MAX_TIMEOUT_SECONDS) return value
  problems.push(
    `${option} is ${JSON.stringify(text)}, expected a time in seconds above 0 and at most 24 days, or one such as "5 min"`,
  )
  return undefined
}

/** What setTimeout can count in milliseconds. */
const MAX_TIMEOUT_SECONDS = 2_147_483

async function quantityInSeconds(text: string): Promise<number> {
  // Loaded on demand: the library takes longer to load than a short job runs.
  const { create, unitDependencies, toDependencies } = await import('mathjs')
  try {
    return create({ ...unitDependencies, ...toDependencies })
      .unit(text)
      .toNumber('s')
  } catch {
    return NaN
  }
}
