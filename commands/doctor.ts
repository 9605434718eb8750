/**
 * `tsmpi doctor`: examines each host by a job of its own, so that one that fails hides no other, then the links between those
 * that work by jobs with one rank a host. The program of both jobs is doctor.ts.
 */
import { isIPv6 } from 'node:net'
import type { CommandModule } from 'yargs'
import { readHosts } from '../runtime/launcher/hosts.ts'
import { insideSlurm, slurmHosts } from '../runtime/launcher/slurm.ts'
import { EXIT_USAGE, UsageError } from '../runtime/launcher/usage-error.ts'
import type { Examined, HostFacts, Links } from './doctor/facts.ts'
import { findingsOf } from './doctor/findings.ts'
import { surveyLinks, type GroupOutcome, type Survey } from './doctor/link-survey.ts'
import { reportText } from './doctor/report.ts'
import { runJsonJob, type JsonJob } from './json-job.ts'
import { LAUNCHER_OPTIONS, launcherArguments } from './launcher-options.ts'
import { showProgress, type Pieces, type Progress } from './progress.ts'

/** The doctor deals the ranks itself, one a host, and examines what there is. */
const {
  'map-by': _map,
  'rank-by': _rank,
  'bind-to': _bind,
  'ranks-per-agent': _ranks,
  'slow-host': _slow,
  ...OPTIONS
} = LAUNCHER_OPTIONS
/** A job of the doctor that takes longer hangs. */
const HOST_TIMEOUT_S = 60
const LINKS_TIMEOUT_S = 600

type Given = Readonly<Record<string, unknown>>

export const doctorCommand: CommandModule = {
  command: 'doctor',
  describe: 'Examine the hosts of a cluster and the links between them, with advice',
  builder: (command) =>
    command
      .usage('tsmpi doctor [-f HOSTFILE] [options]\n\nExits with 1 if a host or a link cannot be used.')
      .options({ json: { type: 'boolean', default: false, describe: 'Print JSON' }, ...OPTIONS })
      .example('$0 doctor -f hosts', 'the hosts of a file')
      .example('$0 doctor --emulate-hosts 3', 'three hosts on this machine'),
  handler: async (options) => {
    process.exitCode = await doctor(options)
  },
}

async function doctor(options: Given): Promise<number> {
  const emulated = options.emulateHosts !== undefined
  if (emulated && !/^[1-9]\d{0,2}$/.test(String(options.emulateHosts)))
    throw new UsageError([
      `--emulate-hosts is "${String(options.emulateHosts)}", expected a whole number from 1 to 999`,
    ])
  const allocation = insideSlurm(process.env) ? slurmHosts(process.env) : undefined
  const names = emulated ? ['this machine'] : readHosts({ ...options, allocation }).map(({ name }) => name)
  const examined = await examineAll(names, emulated, options)
  const working = examined.flatMap((one) => ('facts' in one ? [one.host] : []))
  const { hosts: linked, links, unlinked, failure } = await linksBetween(working, options, emulated)
  const findings = findingsOf(examined, linked, links, unlinked)
  if (failure !== undefined) findings.push({ kind: 'problem', text: `the links could not be measured: ${failure}` })
  const report = { hosts: examined, linked, links: links ?? null, unlinked, findings }
  process.stdout.write(
    options.json === true ? `${JSON.stringify(report, undefined, 2)}\n` : reportText(examined, linked, links, findings),
  )
  return findings.some(({ kind }) => kind === 'problem') ? 1 : 0
}

/** All at the same time. */
async function examineAll(names: readonly string[], emulated: boolean, options: Given): Promise<Examined[]> {
  const progress = showProgress(process.stderr, { total: names.length, terminalOnly: true })
  progress.begin(`examining ${names.length === 1 ? 'one host' : `${names.length} hosts`}`)
  try {
    return await Promise.all(
      names.map(async (name) => {
        const found = await examine(name, emulated ? undefined : name, options)
        progress.end()
        return found
      }),
    )
  } finally {
    progress.stop()
  }
}

/** One host by itself; undefined: this machine. */
async function examine(name: string, host: string | undefined, options: Given): Promise<Examined> {
  const start = performance.now()
  const where = host === undefined ? [] : launch({ ...options, host: listed([host]) })
  let facts: HostFacts | undefined
  const ended = await tsmpirun([...where, '-n', '1', '--timeout', `${HOST_TIMEOUT_S}`, 'doctor'], (line) => {
    if ('facts' in line) facts = line.facts as HostFacts
  })
  if (facts !== undefined && ended.code === 0)
    return { host: name, seconds: (performance.now() - start) / 1000, facts: { ...facts, host: name } }
  return { host: name, failure: ended.complaint }
}

/** No survey if there are not two hosts. */
function linksBetween(working: readonly string[], options: Given, emulated: boolean): Promise<Survey> {
  const hosts = emulated ? Array.from({ length: Number(options.emulateHosts) }, (_, index) => `host${index}`) : working
  return surveyLinks(hosts, (group) =>
    measureGroup(emulated ? options : { ...options, host: listed(group) }, group.length),
  )
}

/** A job with one rank on each host of a group. */
async function measureGroup(options: Given, count: number): Promise<GroupOutcome> {
  let links: Links | undefined
  let progress: Progress | undefined
  const args = [...launch(options), '-n', `${count}`, '--timeout', `${LINKS_TIMEOUT_S}`, 'doctor']
  const ended = await tsmpirun(args, (line) => {
    if ('links' in line) links = line.links as Links
    else if ('progress' in line) {
      progress?.end()
      progress ??= showProgress(process.stderr, { ...(line.progress as Pieces), terminalOnly: true })
      progress.begin('measuring links')
    }
  })
  progress?.stop()
  return ended.code === 0 && links !== undefined ? { links } : { complaint: ended.complaint }
}

/** Exclusions have been applied to the names already. */
function launch(options: Given): string[] {
  return launcherArguments({ ...options, exclude: undefined, mapBy: undefined })
}

/** One slot each. */
function listed(hosts: readonly string[]): string {
  return hosts.map((name) => `${isIPv6(name) ? `[${name}]` : name}:1`).join(',')
}

/** Runs a job; what it complains of is kept. @throws UsageError for mistakes in the options that it is given */
async function tsmpirun(
  args: readonly string[],
  onLine: JsonJob['onLine'],
): Promise<{ code: number; complaint: string }> {
  let complaint = ''
  const code = await runJsonJob(args, { onLine, onComplaint: (text) => void (complaint += text) })
  const told = complaint
    .replace(/^tsmpirun: note: .*\n/gm, '')
    .replace(/^tsmpirun: |^Try "tsmpirun --help"\.\n/gm, '')
    .trim()
  if (code === EXIT_USAGE) throw new UsageError(told.split('\n'))
  return { code, complaint: told === '' ? `exit code ${code}` : told }
}
