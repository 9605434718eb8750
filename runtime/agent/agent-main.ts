/**
 * Entry of an agent: one process per host. Owns the host's shared heap, its rank threads, and the sockets to other hosts;
 * computes nothing itself, so that it always answers.
 *
 * It lives as long as its start channel: when standard input ends, or nothing has come through it for too long, the
 * launcher is gone, and the whole process ends at once with all its threads, whatever they compute.
 */
import { availableParallelism, homedir } from 'node:os'
import { MessageChannel, Worker } from 'node:worker_threads'
import { machineMs } from '../base/machine-clock.ts'
import { machineName } from '../base/machine-name.ts'
import { installedVersion } from '../base/version.ts'
import { createHostHeap } from '../transport/host-heap.ts'
import { ChannelWriter } from './channel-writer.ts'
import { HostWatch } from './host-watch.ts'
import {
  INPUT_WANTED,
  type AgentEvent,
  type AgentJob,
  type Command,
  type RankSeat,
  type SignalMessage,
} from './job-description.ts'
import type { RankReport } from '../diagnosis/picture.ts'
import { lateMessages } from './late-messages.ts'
import { LauncherWatch } from './launcher-watch.ts'
import { LentMemory } from './lent-memory.ts'
import { mapOf } from './program-map.ts'
import { RankInput } from './rank-input.ts'
import { rankReports, type RankThread } from './rank-reports.ts'
import type { Relay } from './relay.ts'
import { encodePacket, eventPackets, outputPackets, PACKET, PacketParser } from './start-channel.ts'
import type { TraceTap } from './trace-tap.ts'

const RANK_MAIN = new URL(import.meta.url.endsWith('.ts') ? './rank-main.ts' : './rank-main.js', import.meta.url)

const channel = new ChannelWriter()
const input = new RankInput((wanted) => tell(-1, { event: 'input', wanted }))
let relay: Relay | undefined
let watch: HostWatch | undefined
let program: AgentJob['program'] | undefined
const threads: RankThread[] = []
/** How often the agent looks whether its host stands still. */
const LOOK_MS = 200
let tap: TraceTap | undefined
const lent = new LentMemory()
let asking: Promise<RankReport[]> = Promise.resolve([])
const BEAT = encodePacket(PACKET.BEAT, 0, -1, new Uint8Array(0))
/** How long an agent that ends waits for its last event to be taken. */
const LAST_WORDS_MS = 300
/** The last event is on its way. */
let leaving = false
/** The launcher wants this agent to stand still. Whatever it says next takes that back. */
let standStill = false

// Ctrl-C reaches every process of the terminal; the launcher decides what becomes of the job.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => undefined)

const parser = new PacketParser(
  ({ type, payload }) => {
    standStill = false
    if (type === PACKET.COMMAND) obey(JSON.parse(payload.toString()) as Command)
    else if (type === PACKET.STDIN) input.feed(payload)
  },
  (bytes) => giveUp(`unexpected text on the start channel: ${JSON.stringify(bytes.subarray(0, 80).toString())}`),
)
tell(-1, { event: 'hello', version: installedVersion(), node: process.versions.node, machine: machineName() })
const launcher = new LauncherWatch(beat, abandon)
process.stdin.on('data', (chunk: Buffer) => {
  launcher.heard()
  parser.push(chunk)
})
process.stdin.on('end', () => {
  if (!leaving) die()
})
process.stdin.on('error', die)
process.on('uncaughtException', (error) => giveUp(error.stack ?? String(error)))

function obey(command: Command): void {
  switch (command.command) {
    case 'start':
      start(command.job).catch((error: unknown) => giveUp(error instanceof Error ? error.message : String(error)))
      break
    case 'connect':
      relay?.connect(command.endpoints)
      break
    case 'look':
      if (watch !== undefined) tell(-1, { event: 'looked', ...watch.look(relay) })
      break
    case 'report':
      report().catch((error: unknown) => giveUp(String(error)))
      break
    case 'vitals':
      vitals().catch((error: unknown) => giveUp(String(error)))
      break
    case 'clock':
      tell(-1, {
        event: 'clock',
        sent: command.sent,
        questions: command.questions,
        ms: machineMs(),
      })
      break
    case 'signal':
      for (const { worker } of threads) worker.postMessage({ signal: command.signal } satisfies SignalMessage)
      break
    case 'suspend':
      standStill = true
      tell(-1, { event: 'suspended' })
      void standing()
      break
    case 'stop':
      tap?.closeAll()
      leave()
  }
}

async function start(job: AgentJob): Promise<void> {
  enterDirectory(job)
  Object.assign(process.env, job.env)
  const seats = job.placement[job.agent] as readonly number[]
  const heap = createHostHeap(seats.length, job.memoryShare)
  watch = new HostWatch(heap)
  program = job.program
  const announcements = `tsmpi-${job.id}-${job.agent}`
  if (job.network !== undefined) {
    // Loaded here only: a job on one host needs no sockets, and starts quicker without the library.
    const { Relay: relayClass } = await import('./relay.ts')
    relay = await relayClass.open({
      heap,
      channel: announcements,
      placement: job.placement,
      agent: job.agent,
      network: job.network,
      onLink: (peer, state) => tell(-1, { event: 'link', peer, state }),
      onUnlinked: (peer) => tell(-1, { event: 'unlinked', peer }),
    })
    tell(-1, { event: 'listening', endpoint: relay.endpoint })
  }
  const worldSize = job.placement.reduce((sum, ranks) => sum + ranks.length, 0)
  if (job.recording !== undefined) {
    const { TraceTap: tapClass } = await import('./trace-tap.ts')
    tap = new tapClass(job.recording, worldSize)
  }
  const spin = job.busyThreads <= availableParallelism()
  // With other agents on the machine nobody can see how many of its threads sleep. The relay wants a core too.
  const threads = seats.length + (relay === undefined ? 0 : 1)
  const cores = job.busyThreads === threads ? availableParallelism() - threads + seats.length : 0
  const processors = job.bindings === undefined ? [] : await processorsFor(seats, job.bindings)
  const hosts: number[] = []
  for (const [agent, ranks] of job.placement.entries()) for (const rank of ranks) hosts[rank] = agent
  for (const [index, worldRank] of seats.entries())
    startRank(worldRank, {
      seating: {
        heap,
        channel: announcements,
        worldRank,
        worldSize,
        seats,
        hosts,
        spin,
        cores,
        wakeEnd: relay?.wakeEnd,
      },
      host: job.host,
      program: job.program,
      argv: job.argv,
      record: tap?.open(worldRank),
      watched: job.watched,
      selection: job.selection,
      checks: job.checks,
      pace: job.pace,
      processors: processors[index],
      input: job.input === 'all' || job.input === worldRank,
    })
  watchHost(watch)
  if (job.busyThreads >= availableParallelism()) await collectAlone()
}

/**
 * Has each rank free its short-lived objects itself. V8's threads would help, a thousand times a second, and take the core
 * of another rank where none is idle: on 2 cores, windows of 1 KiB take 6 % less time without them, `send` and `recv` in
 * turn 4 % less (medians of 40 pairs of turns).
 */
async function collectAlone(): Promise<void> {
  // Loaded while the ranks start, who do not wait for it.
  const { setFlagsFromString } = await import('node:v8')
  setFlagsFromString('--no-parallel-scavenge')
}

/** The processors of each seat that is to be bound to cores. @throws Error if there is no such core here */
async function processorsFor(
  seats: readonly number[],
  lists: NonNullable<AgentJob['bindings']>,
): Promise<(number[] | undefined)[]> {
  const { processorsOf, readCores } = await import('./cores.ts')
  const cores = process.platform === 'linux' ? readCores() : undefined
  if (cores === undefined) {
    tell(-1, { event: 'unbound', reason: `tsmpi cannot bind threads to cores on ${process.platform}` })
    return []
  }
  return lists.map((list, index) => {
    try {
      return list === null ? undefined : processorsOf(list, cores)
    } catch (error) {
      throw new Error(`rank ${seats[index]} cannot be bound: ${(error as Error).message}`)
    }
  })
}

/** Stands still when that has been told, unless the launcher has thought better of it meanwhile. */
async function standing(): Promise<void> {
  // Loaded here only: what starts processes takes a millisecond.
  const { suspend } = await import('./suspension.ts')
  await channel.flushed(LAST_WORDS_MS)
  // What would make the agent go on may be here already: then nothing else would come to wake it.
  if (standStill && parser.idle) suspend()
}

/** The ranks run where the user said, or else where the launcher runs; a host without that folder does as well. */
function enterDirectory({ wdir, launcherDirectory, host }: AgentJob): void {
  if (wdir !== undefined) process.chdir(wdir)
  else if (launcherDirectory !== undefined)
    try {
      process.chdir(launcherDirectory)
    } catch {
      process.chdir(homedir())
      tell(-1, { event: 'note', text: `${host} has no folder ${launcherDirectory}: its ranks run in ${homedir()}` })
    }
}

/** Tells the launcher when the host comes to stand still, and when it moves again. */
function watchHost(host: HostWatch): void {
  let quiet = false
  setInterval(() => {
    host.silentSeconds()
    const look = host.look(relay)
    if (look.quiet !== quiet) tell(-1, { event: 'quiet', quiet: look.quiet })
    quiet = look.quiet
  }, LOOK_MS)
}

async function report(): Promise<void> {
  tell(-1, { event: 'reports', reports: await reportsOf(true) })
}

async function vitals(): Promise<void> {
  tell(-1, { event: 'vitals', reports: await reportsOf(false), traffic: tap?.traffic() ?? [] })
}

/** One question after the other: a rank has one place for its answers. */
function reportsOf(thorough: boolean): Promise<RankReport[]> {
  asking = asking.then(() => {
    if (watch === undefined || program === undefined) return []
    return rankReports(threads, watch, { thorough, map: thorough ? mapOf(program) : undefined })
  })
  return asking
}

function startRank(worldRank: number, data: Omit<RankSeat, 'inquiries'>): void {
  const { port1, port2 } = new MessageChannel()
  const seat: RankSeat = { ...data, inquiries: port2 }
  const worker = new Worker(RANK_MAIN, {
    workerData: { tsmpi: seat },
    transferList: [port2],
    stdin: data.input,
    stdout: true,
    stderr: true,
  })
  lent.hear(worker)
  const seatNumber = threads.length
  threads.push({ rank: worldRank, seat: seatNumber, worker, inquiries: port1 })
  if (data.input) {
    input.admit(worker)
    worker.on('message', (message) => {
      if (message === INPUT_WANTED) input.asked(worker)
    })
  }
  // What Node itself prints for a thread (a fatal error, a warning) comes this way.
  worker.stdout.on('data', (bytes: Buffer) => channel.write(outputPackets(1, worldRank, bytes)))
  worker.stderr.on('data', (bytes: Buffer) => channel.write(outputPackets(2, worldRank, bytes)))
  worker.on('error', (error) => tell(worldRank, { event: 'failed', stack: error.stack ?? String(error) }))
  worker.on('exit', (code) => {
    watch?.ended(seatNumber)
    tap?.close(worldRank)
    if (threads.every(({ seat }) => watch?.hasEnded(seat))) tellLate(data.seating)
    tell(worldRank, { event: 'exit', code })
  })
}

function tell(rank: number, event: AgentEvent): void {
  channel.write(eventPackets(rank, event))
}

/** All ranks of the host have ended: tells what nobody received because it came too late. */
function tellLate({ heap, worldSize }: RankSeat['seating']): void {
  for (const { rank, seat } of threads) {
    const messages = lateMessages(heap, seat, worldSize)
    if (messages !== undefined) tell(rank, { event: 'late', messages })
  }
}

/** A launcher that does not read what it was told already needs no more. */
function beat(): void {
  if (channel.idle) channel.write([BEAT])
}

/** The launcher is silent: it may come back, and shall know then what has become of its job. */
function abandon(): void {
  lastWords({ event: 'abandoned' })
}

/** The job is over: nothing is left to do but to tell who came and was not of the job, and whom others may take for one. */
function leave(): void {
  const { strangers, unfinished = [] } = relay ?? {}
  const words: AgentEvent[] = []
  if (unfinished.length > 0) words.push({ event: 'unfinished', links: unfinished })
  if (strangers !== undefined && strangers.connections > 0) words.push({ event: 'strangers', ...strangers })
  if (words.length === 0) die()
  else lastWords(...words)
}

function giveUp(reason: string): void {
  lastWords({ event: 'unusable', reason })
}

function lastWords(...events: AgentEvent[]): void {
  leaving = true
  for (const event of events) tell(-1, event)
  void channel.flushed(LAST_WORDS_MS).then(die)
}

/**
 * Ends the process with all its threads, and what they have started, now. process.exit would wait for threads inside long
 * native calls.
 */
function die(): void {
  process.kill(0, 'SIGKILL')
}
