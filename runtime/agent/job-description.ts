/** What launcher, agent and rank threads tell each other: plain data, sent as JSON or as worker data. */
import type { MessagePort } from 'node:worker_threads'
import type { LateMessages, Leftovers, RankReport } from '../diagnosis/picture.ts'
import type { JobSelection } from '../base/tuning.ts'
import type { EmulatedNetwork } from '../transport/emulated-link.ts'
import type { ProfileSums, Traffic } from '../trace/profile-sums.ts'
import type { Seating } from '../transport/shm.ts'
import type { LinkKeys, Strangers } from '../transport/admission.ts'
import type { CoreList } from './cores.ts'
import type { HostLook } from './host-watch.ts'
import type { LinkState } from './link-watch.ts'

/** The program that every rank runs. */
export type Program =
  /** A module in a file that every host of the job has. */
  | { readonly kind: 'file'; readonly url: string }
  /** A module as text, made by the launcher; `url` names it in stack traces. */
  | { readonly kind: 'text'; readonly url: string; readonly text: string }
  /** A program of the installation itself. */
  | { readonly kind: 'builtin'; readonly module: string }

/** In program texts: stands for the folder of the host's own installation. */
export const INSTALLATION = 'tsmpi-installation:'

/** How agents of a job on several hosts reach each other. */
export interface Network {
  readonly keys: LinkKeys
  /** Public keys of all agents, by agent. */
  readonly publicKeys: readonly string[]
  /** Address of this machine in the network of the job, as the launcher knows it; undefined if it does not. */
  readonly address: string | undefined
  /** Where the user wants it to listen: name of an interface, an address, or a network such as 10.0.0.0/8. */
  readonly interface: string | undefined
  /** Ports that the user allows it to listen on, both ends included; undefined: the system chooses. */
  readonly ports: { readonly first: number; readonly last: number } | undefined
  /** Present if the job pretends to have another network than it has. */
  readonly emulated: EmulatedNetwork | undefined
}

/** What is recorded of a job: every call and the sums, or the sums only. */
export type Recording = 'trace' | 'profile'

/** One agent's part of a job. */
export interface AgentJob {
  /** Name of the job, unique on its hosts. */
  readonly id: string
  /** Number of this agent. */
  readonly agent: number
  /** How the host is called in messages. */
  readonly host: string
  /** World ranks of every agent, by agent. */
  readonly placement: readonly (readonly number[])[]
  readonly program: Program
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Where the ranks run; undefined if the user did not say. */
  readonly wdir: string | undefined
  /** Where the launcher runs, for agents that are not started there. */
  readonly launcherDirectory: string | undefined
  /** Algorithms of the collectives that the launcher was asked for. */
  readonly selection: JobSelection
  /** Threads of the job that want a core of this machine: with more than it has, waiting ranks must not spin. */
  readonly busyThreads: number
  /** Part of its speed that the ranks shall compute at; undefined: all. */
  readonly pace: number | undefined
  /** Cores that its ranks are bound to, in the order of its ranks, null for one that is not; undefined: none is bound. */
  readonly bindings: readonly (CoreList | null)[] | undefined
  /** Part of the machine's memory that is this agent's, 0..1. */
  readonly memoryShare: number
  /** Present if the job has several agents. */
  readonly network: Network | undefined
  readonly checks: Checks
  readonly recording: Recording | undefined
  /** Somebody may look at the job while it runs: the ranks tell how far they are. */
  readonly watched: boolean
  /** Ranks that get standard input. */
  readonly input: InputTarget
}

/** Connections to another agent that were begun and came to nothing. */
export interface Unfinished {
  readonly agent: number
  readonly connections: number
}

/** Which ranks get standard input. */
export type InputTarget = number | 'all' | 'none'

/** Signals that can be handed on to the programs; the others end, stop or continue the job itself. */
export const FORWARDABLE = ['SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGURG', 'SIGWINCH'] as const

/** What the job's ranks watch for besides their work. */
export interface Checks {
  /** Tell when nothing can move any more. */
  readonly deadlocks: boolean
  /** Every send of the program is synchronous. */
  readonly ssendAll: boolean
  /** Buffers of calls under way must be left alone. */
  readonly buffers: boolean
  /** Signals that are handed on to the programs. */
  readonly signals: readonly NodeJS.Signals[]
  /** A rank that listens to one of them may be woken by it: only if the user has named them. */
  readonly signalsWake: boolean
}

/** Traffic of one rank so far. */
export interface RankTraffic extends Traffic {
  readonly rank: number
}

/**
 * How far a program is, for those who look at it: on the terminal of tsmpirun, or with `--dashboard`.
 *
 * @example
 * for (let step = 1; step <= 10; step++) {
 *   await world.barrier() // the work
 *   if (world.rank === 0) showProgress({ label: 'ten barriers', share: step / 10 })
 * }
 */
export interface ProgressReport {
  /** What is being done. */
  readonly label: string
  /** How much of all the work is done, from 0 to 1: the time left is told by it. */
  readonly share: number
  /** 10^9 floating point operations a second so far. */
  readonly gflops?: number
}

/** What the launcher says to an agent. */
export type Command =
  | { readonly command: 'start'; readonly job: AgentJob }
  /** Where every agent listens, by agent. */
  | { readonly command: 'connect'; readonly endpoints: readonly string[] }
  /** Look whether the host stands still; answered by `looked`. */
  | { readonly command: 'look' }
  /** Ask all ranks what they are doing; answered by `reports`. */
  | { readonly command: 'report' }
  /** What do your ranks do right now, as far as it can be told at little cost? Answered by `vitals`. */
  | { readonly command: 'vitals' }
  /** What does your clock say? The rest comes back with the answer: when it was asked, how many questions follow. */
  | { readonly command: 'clock'; readonly sent: number; readonly questions: number }
  /** Hand a signal to the programs of all ranks. */
  | { readonly command: 'signal'; readonly signal: NodeJS.Signals }
  /** Stand still until the next packet; answered by `suspended` before. */
  | { readonly command: 'suspend' }
  | { readonly command: 'stop' }

/** An agent that another one cannot connect to. */
export interface Unlinked {
  readonly agent: number
  readonly endpoint: string
  readonly why: string
}

/** What an agent, or a rank of it, says to the launcher. */
export type AgentEvent =
  /** The agent runs: the versions of tsmpi and of Node.js on its host, and the name of its machine. Said first. */
  | { readonly event: 'hello'; readonly version: string; readonly node: string; readonly machine?: string | undefined }
  | { readonly event: 'listening'; readonly endpoint: string }
  | { readonly event: 'exit'; readonly code: number }
  | { readonly event: 'abort'; readonly code: number; readonly call: string; readonly stack: string }
  | { readonly event: 'failed'; readonly stack: string }
  /** The host has come to stand still, or moves again. */
  | { readonly event: 'quiet'; readonly quiet: boolean }
  | ({ readonly event: 'looked' } & HostLook)
  | { readonly event: 'reports'; readonly reports: readonly RankReport[] }
  | { readonly event: 'vitals'; readonly reports: readonly RankReport[]; readonly traffic: readonly RankTraffic[] }
  /** How far the program says it is. */
  | { readonly event: 'progress'; readonly progress: ProgressReport }
  /** A rank's main function has returned and left something behind. */
  | { readonly event: 'leftovers'; readonly leftovers: Leftovers }
  /** Messages have come to a rank when its main function had returned. Told when all ranks of the host have ended. */
  | { readonly event: 'late'; readonly messages: LateMessages }
  /** The sums of a rank's record. */
  | { readonly event: 'profile'; readonly sums: ProfileSums }
  /** The machine's monotonic clock, in milliseconds. */
  | { readonly event: 'clock'; readonly sent: number; readonly questions: number; readonly ms: number }
  /** Ranks want standard input, or have enough for the moment. */
  | { readonly event: 'input'; readonly wanted: boolean }
  | { readonly event: 'suspended' }
  /** What has become of the way to another agent. */
  | { readonly event: 'link'; readonly peer: number; readonly state: LinkState }
  /** The agent ends, with its ranks: nothing has come from the launcher for the length of a lease. */
  | { readonly event: 'abandoned' }
  /** The agent has not been able to connect to another for long. */
  | { readonly event: 'unlinked'; readonly peer: Unlinked }
  /** Who has connected to the agent and is not of the job; told at the end. */
  | ({ readonly event: 'strangers' } & Strangers)
  /** Connections of the agent's own that came to nothing; told at the end. */
  | { readonly event: 'unfinished'; readonly links: readonly Unfinished[] }
  /** A rank keeps to these processors from now on. */
  | { readonly event: 'bound'; readonly processors: readonly number[] }
  /** A rank that should be bound to cores is not; all of the agent's, if it is the agent that says so. */
  | { readonly event: 'unbound'; readonly reason: string }
  /** Something that the user should know; the job goes on. */
  | { readonly event: 'note'; readonly text: string }
  /** The agent itself cannot go on. */
  | { readonly event: 'unusable'; readonly reason: string }

/** What a rank's thread is born with. */
export interface RankSeat {
  readonly seating: Seating
  readonly host: string
  readonly program: Program
  readonly argv: readonly string[]
  /** Where the rank records what it does, if anything is recorded. */
  readonly record: SharedArrayBuffer | undefined
  /** The rank tells how far it is. */
  readonly watched: boolean
  readonly selection: JobSelection
  readonly checks: Checks
  /** Part of its speed that the rank computes at; undefined: all. */
  readonly pace: number | undefined
  /** The processors that it keeps to, if it is bound. */
  readonly processors: readonly number[] | undefined
  /** The rank gets standard input. */
  readonly input: boolean
  /** Where the agent asks what the rank is doing. */
  readonly inquiries: MessagePort
}

/** What a rank says to its agent when its program begins to read standard input. */
export const INPUT_WANTED = 'input wanted'

/** What an agent says to its ranks. */
export interface SignalMessage {
  readonly signal: NodeJS.Signals
}

/** Exit code of a rank whose program came to an end while it was still waiting for something (Node's own for this). */
export const EXIT_UNSETTLED = 13
