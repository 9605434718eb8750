/** What the doctor's measurements mean, in plain words: what is wrong, what is slow, and what to do. Pure. */
import { UNLINKED_ADVICE, type UnlinkedPair } from '../../runtime/launcher/unlinked.ts'
import type { Examined, HostFacts, Links, Matrix } from './facts.ts'

/** Something to know. A problem keeps jobs from running; a remark costs speed. */
export interface Finding {
  readonly kind: 'problem' | 'remark'
  readonly text: string
}

/** Below this part of the others' a rate is worth a remark. */
const SLOW = 0.7
const CLOCK_MS = 1000
/** So many times what is usual, a latency is worth a remark; so many times what it is alone, a queue is. */
const LATE = 2
const QUEUED = 5

/** @param names hosts of the links, in order; @param links undefined if there are none to measure */
export function findingsOf(
  examined: readonly Examined[],
  names: readonly string[],
  links: Links | undefined,
  unlinked: readonly UnlinkedPair[] = [],
): Finding[] {
  const facts = examined.flatMap((one) => ('facts' in one ? [one.facts] : []))
  return [
    ...examined.flatMap((one): Finding[] =>
      'failure' in one ? [{ kind: 'problem', text: `${one.host} cannot take part: ${one.failure}` }] : [],
    ),
    ...unlinkedFindings(names, unlinked),
    ...versions(facts),
    ...hostRemarks(facts),
    ...(links === undefined ? [] : linkRemarks(names, links)),
  ]
}

/** A host that can connect to no other is told once, with one of them. */
function unlinkedFindings(names: readonly string[], unlinked: readonly UnlinkedPair[]): Finding[] {
  const peersOf = (name: string): Set<string> =>
    new Set(unlinked.flatMap(({ from, to }) => (from === name ? [to] : to === name ? [from] : [])))
  const alone = names.length < 3 ? [] : names.filter((name) => peersOf(name).size === names.length - 1)
  const text = ({ from, to, endpoint, why }: UnlinkedPair): string => `${from} -> ${to} at ${endpoint}: ${why}`
  const lines = [
    ...alone.flatMap((name) => {
      const one = unlinked.find(({ from, to }) => from === name || to === name)
      return one === undefined ? [] : [`${name} has no connection to any other host: ${text(one)}, and so on`]
    }),
    ...unlinked.filter(({ from, to }) => !alone.includes(from) && !alone.includes(to)).map(text),
  ]
  if (lines.length === 0) return []
  const headline = 'Hosts cannot connect to each other; no job can run on both:'
  return [{ kind: 'problem', text: [headline, ...lines, ...UNLINKED_ADVICE].join('\n  ') }]
}

function versions(facts: readonly HostFacts[]): Finding[] {
  const major = ({ node }: HostFacts): number => Number(/\d+/.exec(node)?.[0])
  if (new Set(facts.map(major)).size < 2) return []
  const list = facts.map(({ host, node }) => `${host} ${node}`).join(', ')
  return [remark(`The hosts have different versions of Node (${list}). Install the same one everywhere.`)]
}

function hostRemarks(facts: readonly HostFacts[]): Finding[] {
  const found = facts.flatMap((one) => [
    ...(/^wasm/.test(one.blas)
      ? [
          remark(
            `${one.host} has no BLAS library. Install OpenBLAS (Debian: libopenblas0-pthread) for a quicker Linpack.`,
          ),
        ]
      : []),
    ...(one.load > one.cores
      ? [
          remark(
            `${one.host} is busy: ${one.load.toFixed(1)} processes want its ${one.cores} cores. Measure again when it is idle.`,
          ),
        ]
      : []),
  ])
  const slowest = [...facts].sort((a, b) => a.gflops - b.gflops)[0]
  const usual = median(facts.map(({ gflops }) => gflops))
  if (slowest === undefined || facts.length < 2) return found
  if (slowest.gflops >= SLOW * usual)
    return [
      ...found,
      remark(`Slowest host: ${slowest.host}, a core does ${slowest.gflops.toFixed(1)} Gflops; the others are alike.`),
    ]
  const percent = Math.round((100 * slowest.gflops) / usual)
  return [
    ...found,
    remark(
      `Slowest host: ${slowest.host}, a core does ${slowest.gflops.toFixed(1)} Gflops, ${percent} % of the usual. The others wait for it: leave it out (--exclude), give it fewer slots, or see what else it does (top), how warm it is, and its power settings.`,
    ),
  ]
}

function linkRemarks(names: readonly string[], links: Links): Finding[] {
  const far = links.clockMs.flatMap((ms, index) =>
    ms !== null && Math.abs(ms) > CLOCK_MS
      ? [
          remark(
            `The clock of ${names[index]} differs by ${(ms / 1000).toFixed(1)} s from that of ${names[0]}. Install chrony or another time service.`,
          ),
        ]
      : [],
  )
  return [...far, ...bandwidthRemarks(names, links), ...latencyRemarks(names, links)]
}

function bandwidthRemarks(names: readonly string[], links: Links): Finding[] {
  const slowest = extreme(links.bandwidthMBps, (a, b) => a < b)
  if (slowest === undefined) return []
  const { from, to, value } = slowest
  const link = `Slowest link: ${names[from]} to ${names[to]}, ${value.toFixed(0)} MB/s`
  const usual = median(values(links.bandwidthMBps))
  const loaded = links.loadedBandwidthMBps[from]?.[to] ?? value
  const which = value < SLOW * usual ? `${link} against ${usual.toFixed(0)} usually.` : `${link}; the others are alike.`
  return [
    remark(value < SLOW * usual || isFastEthernet(value) ? `${which} ${cable(value)}` : which),
    ...(loaded < SLOW * value
      ? [
          remark(
            `When all hosts send at once it carries ${loaded.toFixed(0)} MB/s: the hosts, or the switch between them, cannot do it all at once.`,
          ),
        ]
      : []),
  ]
}

/** Which link answers late, and what short messages find when the network is full. */
function latencyRemarks(names: readonly string[], links: Links): Finding[] {
  const latest = extreme(links.latencyUs, (a, b) => a > b)
  const queued = extreme(links.loadedLatencyUs, (a, b) => a > b)
  if (latest === undefined || queued === undefined) return []
  const usual = median(values(links.latencyUs))
  const alone = links.latencyUs[queued.from]?.[queued.to] ?? queued.value
  const ms = (queued.value / 1000).toFixed(1)
  return [
    ...(latest.value > LATE * usual
      ? [
          remark(
            `Latest answers: ${names[latest.from]} to ${names[latest.to]}, ${latest.value.toFixed(0)} us against ${usual.toFixed(0)} usually. See what else these hosts do, their power settings, and whether the way between them is longer.`,
          ),
        ]
      : []),
    ...(queued.value > 1000 && queued.value > QUEUED * alone
      ? [
          remark(
            `When all hosts send, a short message from ${names[queued.from]} to ${names[queued.to]} takes ${ms} ms instead of ${alone.toFixed(0)} us: it waits behind large ones. Programs with many short messages feel that more than the bandwidth.`,
          ),
        ]
      : []),
  ]
}

function isFastEthernet(megabytesPerSecond: number): boolean {
  return megabytesPerSecond > 9 && megabytesPerSecond < 12.5
}

function cable(megabytesPerSecond: number): string {
  const guess = isFastEthernet(megabytesPerSecond) ? 'It looks like 100 Mbit/s. ' : ''
  return `${guess}Check the cable, the port of the switch and the speed that was negotiated (ethtool).`
}

function extreme(matrix: Matrix, better: (a: number, b: number) => boolean) {
  let best: { from: number; to: number; value: number } | undefined
  for (const [from, row] of matrix.entries())
    for (const [to, value] of row.entries())
      if (value !== null && (best === undefined || better(value, best.value))) best = { from, to, value }
  return best
}

function values(matrix: Matrix): number[] {
  return matrix.flatMap((row) => row.filter((value) => value !== null))
}

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0
}

function remark(text: string): Finding {
  return { kind: 'remark', text }
}
