/**
 * What a job records, as it arrives: names and records go to the trace file, sums are kept for the profile, clocks of
 * other machines are compared with ours.
 */
import { PACKET, TRACE_FLAG, type Packet } from '../agent/start-channel.ts'
import { machineMs } from '../base/machine-clock.ts'
import type { Recording } from '../agent/job-description.ts'
import type { ProfileSums } from '../trace/profile-sums.ts'
import { ClockMap } from './clock-map.ts'
import type { AgentPlan } from './placement.ts'
import { TraceFile } from './trace-file.ts'
import type { TraceRank } from './trace-lines.ts'
import { profileReport } from './profile-report.ts'
import { UsageError } from './usage-error.ts'

export interface RecordingOptions {
  readonly traceFile: string | undefined
  readonly profile: boolean
  /** Called once, when the trace file cannot be written any more. */
  readonly onError: (error: NodeJS.ErrnoException) => void
}

/** What is known of one rank. */
interface RankRecording extends TraceRank {
  readonly agent: number
  readonly calls: Map<number, string>
  readonly places: Map<number, string>
  readonly communicators: Map<number, string>
  sums: ProfileSums | undefined
}

export class JobRecording {
  readonly kind: Recording
  readonly #options: RecordingOptions
  readonly #ranks = new Map<number, RankRecording>()
  readonly #clocks = new Map<number, ClockMap>()
  readonly #plans: readonly AgentPlan[]
  readonly #file: TraceFile | undefined

  /** @throws UsageError if the trace file cannot be written */
  constructor(options: RecordingOptions, plans: readonly AgentPlan[]) {
    this.kind = options.traceFile === undefined ? 'profile' : 'trace'
    this.#options = options
    this.#plans = plans
    const hosts = [...new Set(plans.map(({ host }) => host))]
    for (const [agent, { host, ranks }] of plans.entries())
      for (const rank of ranks) {
        const hostNumber = hosts.indexOf(host)
        const names = { calls: new Map(), places: new Map(), communicators: new Map() }
        this.#ranks.set(rank, { rank, host, hostNumber, agent, ...names, sums: undefined })
      }
    const ranks = [...this.#ranks.values()].sort((a, b) => a.rank - b.rank)
    if (options.traceFile !== undefined) this.#file = openTrace(options.traceFile, ranks, options.onError)
  }

  /** A packet of type TRACE. */
  receive({ type, flags, rank, payload }: Packet): void {
    const known = this.#ranks.get(rank)
    if (type !== PACKET.TRACE || known === undefined) return
    if (flags === TRACE_FLAG.RECORDS) {
      const clock = this.#clocks.get(known.agent)
      this.#file?.records(known, payload, known, (theirMs) => clock?.offsetAt(theirMs).offsetMs ?? 0)
    } else {
      const [, number, text] = /^(\d+) ([^]*)$/.exec(payload.toString()) ?? []
      namesOf(known, flags).set(Number(number), text ?? '')
    }
  }

  /** The sums of a rank that has ended. */
  profile(rank: number, sums: ProfileSums): void {
    const known = this.#ranks.get(rank)
    if (known !== undefined) known.sums = sums
  }

  /** An agent's answer to the question what its clock says; `ClockMap.heard` describes the times. */
  clock(agent: number, sentMs: number, agentMs: number, nowMs: number): void {
    const clock = this.#clocks.get(agent) ?? new ClockMap()
    this.#clocks.set(agent, clock)
    clock.heard(sentMs, agentMs, nowMs)
  }

  /** The job has ended: completes the file. Returns what there is to print. */
  finish(): string {
    const file = this.#file
    for (const [agent, clock] of this.#clocks) {
      const { offsetMs, errorMs, drift } = clock.summary
      const host = this.#plans[agent]?.host
      file?.remark('clock', { host, offset_us: offsetMs * 1e3, error_us: errorMs * 1e3, drift_ppm: drift * 1e6 })
    }
    file?.close()
    const lost = file === undefined || file.lost === 0 ? '' : lossNote(file.lost)
    return lost + (this.#options.profile ? profileReport([...this.#ranks.values()]) : '')
  }
}

function namesOf({ calls, places, communicators }: RankRecording, flag: number): Map<number, string> {
  return flag === TRACE_FLAG.CALL ? calls : flag === TRACE_FLAG.PLACE ? places : communicators
}

function lossNote(lost: number): string {
  return `tsmpirun: note: ${lost} events are not in the trace: they came quicker than they can be written; a mark shows where\n`
}

function openTrace(path: string, ranks: readonly TraceRank[], onError: RecordingOptions['onError']): TraceFile {
  try {
    return new TraceFile(path, machineMs(), ranks, onError)
  } catch (error) {
    throw new UsageError([`--trace: "${path}" cannot be written: ${(error as Error).message}`])
  }
}
