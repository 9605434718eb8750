/**
 * Networks that a job can pretend to have: `--emulate 1gbe`, or `--emulate bandwidth=…,latency=…,buffer=…`.
 */
import type { EmulatedNetwork, LinkProfile } from '../transport/emulated-link.ts'
import type { AgentPlan } from './placement.ts'
import { UsageError } from './usage-error.ts'

export { PAYLOAD_SHARE, type LinkProfile } from '../transport/emulated-link.ts'

const KIB = 1024
const MIB = KIB * KIB

function profile(gbitPerSecond: number, latencyUs: number, bufferBytes: number): LinkProfile {
  return { bytesPerMs: gbitPerSecond * 125_000, latencyMs: latencyUs / 1000, bufferBytes }
}

/**
 * Links as they are bought. Latency is that of a message between two hosts through one switch, stack and all; buffers are
 * what Linux and a small switch together hold back in front of a busy port.
 */
export const LINK_PROFILES: Readonly<Record<string, LinkProfile>> = {
  '100mbe': profile(0.1, 100, 64 * KIB),
  '1gbe': profile(1, 50, 256 * KIB),
  '2.5gbe': profile(2.5, 40, 512 * KIB),
  '5gbe': profile(5, 35, MIB),
  '10gbe': profile(10, 25, MIB),
  '25gbe': profile(25, 15, 4 * MIB),
  '40gbe': profile(40, 12, 4 * MIB),
  '100gbe': profile(100, 10, 8 * MIB),
}

const FIELDS = {
  bandwidth: { unit: 'B/s', example: '1 Gbit/s', least: 1000, most: 1e12 },
  latency: { unit: 's', example: '50 us', least: 0, most: 10 },
  buffer: { unit: 'B', example: '256 KiB', least: 3000, most: 2 ** 30 },
} as const
type Field = keyof typeof FIELDS

/** Time in which a port of default size empties. */
const BUFFER_SECONDS = 2e-3
const DEFAULT_LATENCY_SECONDS = 50e-6

/**
 * Reads the value of `--emulate`: a profile, fields, or a profile and fields that differ from it, with commas between.
 *
 * @throws UsageError with a line for every mistake
 */
export async function parseLink(text: string): Promise<LinkProfile> {
  const problems: string[] = []
  const words = text.split(',').map((word) => word.trim())
  const base = words[0]?.includes('=') === false ? profileOf(words.shift() ?? '', problems) : undefined
  const given: Partial<Record<Field, number>> = {}
  for (const word of words) {
    const [name = '', ...value] = word.split('=')
    if (!isField(name) || value.length !== 1)
      problems.push(`--emulate: "${word}" is unknown; expected ${Object.keys(FIELDS).join('=, ')}= or a profile first`)
    else if (given[name] !== undefined) problems.push(`--emulate: ${name} is given twice`)
    else given[name] = await quantity(name, value[0] as string, problems)
  }
  if (base === undefined && given.bandwidth === undefined && problems.length === 0)
    problems.push(`--emulate is "${text}", without bandwidth; expected ${EXPECTED}`)
  if (problems.length > 0) throw new UsageError(problems)
  return completed(base, given)
}

const EXPECTED = `one of ${Object.keys(LINK_PROFILES).join(', ')}, or fields such as "bandwidth=1 Gbit/s,latency=50 us,buffer=256 KiB"`

function profileOf(name: string, problems: string[]): LinkProfile | undefined {
  const found = LINK_PROFILES[name.toLowerCase()]
  if (found === undefined) problems.push(`--emulate: "${name}" is no network; expected ${EXPECTED}`)
  return found
}

function isField(name: string): name is Field {
  return Object.hasOwn(FIELDS, name)
}

function completed(base: LinkProfile | undefined, given: Partial<Record<Field, number>>): LinkProfile {
  const { bandwidth = (base?.bytesPerMs ?? 0) * 1000, latency, buffer } = given
  return {
    bytesPerMs: bandwidth / 1000,
    latencyMs: latency === undefined ? (base?.latencyMs ?? DEFAULT_LATENCY_SECONDS * 1000) : latency * 1000,
    bufferBytes: Math.ceil(buffer ?? base?.bufferBytes ?? Math.max(64 * KIB, bandwidth * BUFFER_SECONDS)),
  }
}

/** A quantity in the field's unit. mathjs knows units and prefixes; a few usual spellings are translated for it. */
async function quantity(name: Field, text: string, problems: string[]): Promise<number> {
  const { unit, example, least, most } = FIELDS[name]
  const value = await inUnit(text, unit)
  if (value >= least && value <= most) return value
  problems.push(
    `--emulate: ${name} is "${text}", expected a quantity such as "${example}", from ${least} to ${most} ${unit}`,
  )
  return NaN
}

async function inUnit(text: string, unit: string): Promise<number> {
  const spelled = text
    .replace(/bps\b/, 'b/s')
    .replace(/(?<![A-Za-z])([kKMGT]?)bits?\b/, '$1b')
    .replace(/K([bB])/, 'k$1')
    .replace(/[µμ]s/, 'us')
  // Loaded on demand: the library takes longer to load than a short job runs.
  const { create, unitDependencies, toDependencies } = await import('mathjs')
  try {
    return create({ ...unitDependencies, ...toDependencies })
      .unit(spelled)
      .toNumber(unit)
  } catch {
    return NaN
  }
}

/** What the agents are told. @throws UsageError if a host has several agents: they could not share its port */
export function emulatedNetwork(link: LinkProfile, plans: readonly AgentPlan[]): EmulatedNetwork {
  const split = plans.find(({ host }, index) => plans.some((other, at) => at !== index && other.host === host))
  if (split !== undefined)
    throw new UsageError([
      `--emulate gives every host one network port, which its ranks share; ${split.host} has several processes: leave out --ranks-per-agent and --transport zmq`,
    ])
  return { link, oneClock: plans.every(({ local }) => local) }
}
