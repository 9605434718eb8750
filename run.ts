/**
 * `run`: the only way into the runtime. Joins the job this thread belongs to and hands the program its communicators;
 * without a job, the program is a world of one.
 */
import { relative } from 'node:path'
import { format } from 'node:util'
import { isMainThread, workerData } from 'node:worker_threads'
import type { Intracomm } from './collectives/intracomm.ts'
import { createWorld } from './collectives/world.ts'
import { EXIT_UNSETTLED, type Checks, type ProgressReport, type RankSeat } from './runtime/agent/job-description.ts'
import { callSite, fromHere } from './runtime/agent/call-site.ts'
import { leaveToAgent } from './runtime/agent/lent-memory.ts'
import { firstPlace } from './runtime/agent/places.ts'
import { TRACE_FLAG, writeEvent, writeTrace } from './runtime/agent/start-channel.ts'
import { threadClock } from './runtime/base/cpu-clock.ts'
import { MpiError } from './runtime/base/errors.ts'
import { keepsEventLoopAlive } from './runtime/base/hidden-work.ts'
import { endCopies, foreignLauncher } from './runtime/base/foreign-launcher.ts'
import type { TypedArray, TypedArrayConstructor } from './runtime/base/element-type.ts'
import { MAX_BYTES, regionOver, type Region } from './runtime/base/region.ts'
import { BufferChecks } from './runtime/comm/buffer-checks.ts'
import { Communicators } from './runtime/comm/communicators.ts'
import { deleteAttributesOf } from './runtime/comm/properties.ts'
import { leftoversOf, pictureOf, waitsForMessagesOnly, type PictureSource } from './runtime/comm/rank-picture.ts'
import { HIDDEN_WORK, type Inquiry } from './runtime/diagnosis/picture.ts'
import { Engine } from './runtime/engine/engine.ts'
import { EventRecorder } from './runtime/trace/event-recorder.ts'
import { TraceMemory } from './runtime/trace/trace-memory.ts'
import { InprocHub } from './runtime/transport/inproc.ts'
import { Pace, paceClock, PacedShmTransport } from './runtime/transport/paced-shm.ts'
import { ShmTransport } from './runtime/transport/shm.ts'
import { quickLooks } from './runtime/transport/thread-waiter.ts'
import type { Progress } from './runtime/transport/transport.ts'

/**
 * What a program's main function is given.
 *
 * @example
 * const shared = alloc(Float64Array, 1000) // its messages to ranks of this host are copied once
 * await world.bcast(shared)
 * const arrays = await sharedArrays(world, shared) // those of all ranks, to read and write in place
 * arrays?.[(world.rank + 1) % world.size]?.fill(7)
 * await world.barrier()
 * log(shared[999]) // → 7
 * free(shared)
 * log(world.size, self.size, argv.length, host.length > 0) // → 4 1 0 true
 */
export interface RankContext {
  /** All ranks of the job. */
  readonly world: Intracomm
  /** This rank alone. */
  readonly self: Intracomm
  /** Arguments of the program, after its name on the command line. */
  readonly argv: readonly string[]
  /** Name of the host this rank runs on. */
  readonly host: string
  /** Part of its host's speed that this rank computes at: 1, or what `tsmpirun --slow-host` says. */
  readonly pace: number
  /**
   * Sleeps at once for what this rank has computed, if it is slowed down, instead of in its next call of the runtime: for
   * programs that time their own parts. Local.
   */
  settlePace(): void
  /** Prints one line on standard output, formatted like `console.log`; lines of different ranks never mix. */
  log(...values: unknown[]): void
  /**
   * Tells those who look at the job how far the program is: on a terminal, as a bar with the time left, and with
   * `tsmpirun --dashboard`. Local; one rank is enough. Costs nothing if nobody looks, and otherwise little: of calls that come
   * quicker than ten a second most are dropped.
   */
  showProgress(progress: ProgressReport): void
  /**
   * A zeroed array in memory that the ranks of this host share: messages from it to a rank of the same host are copied
   * once, straight into the receiver's buffer. Local. Give it back with `free`.
   *
   * @throws {MpiError} MPI_ERR_NO_MEM if the shared heap is full, MPI_ERR_ARG if `length` is no length
   */
  alloc<T extends TypedArray>(type: TypedArrayConstructor<T>, length: number): T
  /** Gives memory of `alloc` back; the array must not be used afterwards. Local. @throws {MpiError} MPI_ERR_ARG if it is none */
  free(array: TypedArray): void
  /**
   * Makes shared memory of your own, for instance that of a `WebAssembly.Memory`, readable by the ranks of this host, as
   * memory of `alloc` is. Local.
   */
  share(memory: SharedArrayBuffer): void
  /**
   * The arrays that the ranks of `comm` give, each of them readable and writable in place by all, as in MPI's shared
   * windows (MPI 4.1, section 12.2.3). The program sees to it that nobody reads what another has yet to write: what was
   * written before a message can be read after it. Collective over `comm`.
   *
   * @param array in memory of `alloc` or `share`
   * @returns by rank of `comm`; undefined, on all ranks, if they do not all share the memory: ranks of other hosts, other memory
   */
  sharedArrays<T extends TypedArray>(comm: Intracomm, array: T): Promise<readonly T[] | undefined>
}

/** The memory side of a context; differs between a job and a world of one. */
type Memory = Pick<RankContext, 'alloc' | 'free' | 'share' | 'sharedArrays'>

interface Membership {
  readonly context: RankContext
  readonly engine: Engine
  readonly recorder: EventRecorder | undefined
  /** Tells the launcher whether main has returned, and what it has left behind. */
  readonly finish: (finished: boolean) => Promise<void>
}

let membership: Membership | undefined

/**
 * Runs `main` as this rank's part of the job. Resolves to what `main` returns. Collective over all ranks of the job.
 *
 * @throws what `main` throws; uncaught, it ends the whole job, and the launcher prints rank, host and stack
 * @example
 * import { run } from 'tsmpi'
 *
 * await run(async ({ world, log }) => log(`Hello from rank ${world.rank} of ${world.size}`))
 */
export async function run<T>(main: (context: RankContext) => Promise<T> | T): Promise<T> {
  if (membership === undefined && seatHere() === undefined) await refuseCopies()
  membership ??= join()
  const { context, engine, recorder, finish } = membership
  // Emitted when nothing is left to happen, and not for process.exit: then main waits for something that nobody will do.
  const unsettled = (): void => void (process.exitCode = EXIT_UNSETTLED)
  process.on('beforeExit', unsettled)
  void finish(false)
  try {
    const result = await main(context)
    // First of all (MPI 4.1, section 11.2.4): libraries hang on self what is to be done at the end.
    deleteAttributesOf(context.self)
    await departed(engine)
    await finish(true)
    return result
  } finally {
    // A rank that failed does not wait for its frames to leave: the job ends now.
    process.off('beforeExit', unsettled)
    recorder?.close()
  }
}

function join(): Membership {
  const seat = seatHere()
  return seat === undefined ? alone() : joinJob(seat)
}

/** What tsmpirun gave this thread; undefined without it. */
function seatHere(): RankSeat | undefined {
  return isMainThread ? undefined : (workerData as { tsmpi?: RankSeat } | null)?.tsmpi
}

/** Ends the process if mpirun or srun has started the program several times: that makes worlds of one, not one world. */
async function refuseCopies(): Promise<void> {
  const foreign = foreignLauncher(process.env)
  if (foreign === undefined) return
  const [, program = 'program.ts', ...args] = process.argv
  await endCopies(foreign, {
    what: 'this program; each would be a world of its own, with one rank',
    words: ['tsmpirun', '-n', String(foreign.copies), relative('', program), ...args],
    exitCode: EXIT_COPIES,
  })
}

/** As for a mistake on a command line. */
const EXIT_COPIES = 2

function joinJob(seat: RankSeat): Membership {
  let transport: ShmTransport | undefined
  const { deadlocks, ssendAll, buffers } = seat.checks
  const recorder = recorderOf(seat)
  const engine: Engine = new Engine((progress) => {
    const stuck = (): boolean => deadlocks && wakers(seat.checks).length === 0 && waitsForMessagesOnly(engine)
    return (transport = transportOf(seat, progress, stuck))
  }, recorder)
  const shm = transport as unknown as ShmTransport
  process.on('exit', () => leaveToAgent(engine.lent()))
  const communicators = new Communicators()
  const checks = buffers ? new BufferChecks(firstPlace) : undefined
  const finish = beSeen(seat, shm, { engine, communicators, placeIn: firstPlace, checks })
  const memory: Memory = {
    alloc: (type, length) => arrayOver(type, length, (nbytes) => shm.allocZeroed(nbytes)),
    free: (array) => shm.free(array),
    share: (shared) => shm.share(shared),
    sharedArrays: (comm, array) => sharedArrays(shm, comm, array),
  }
  const slowness = { pace: seat.pace ?? 1, settlePace: () => shm.settlePace() }
  const abort = (code: number): never => {
    // The stack of an MpiError has lines of the program only (program-loader.ts); what it says below is said anyway.
    const [, ...places] = new MpiError('MPI_ERR_OTHER', `abort(${code})`).stack?.split('\n') ?? []
    const status = code === 0 ? 0 : code & 0xff || 1
    writeEvent(engine.worldRank, { event: 'abort', code: status, call: `abort(${code})`, stack: places.join('\n') })
    return process.exit(status)
  }
  const world = createWorld(engine, abort, seat.selection, { communicators, ssendAll, checks })
  const showProgress = progressOf(seat)
  return {
    engine,
    recorder,
    finish,
    context: { ...world, ...memory, ...slowness, ...printing(seat.argv, seat.host), showProgress },
  }
}

/** Slower than the machine if `tsmpirun --slow-host` says so. */
function transportOf({ seating, pace }: RankSeat, progress: Progress, stuck: () => boolean): ShmTransport {
  if (pace === undefined) return new ShmTransport(seating, progress, stuck)
  return new PacedShmTransport(seating, new Pace(pace, paceClock(threadClock())), progress, stuck)
}

/** How the rank tells the launcher how far it is. What is complete is told, unless that comes even quicker. */
function progressOf({ watched, seating }: RankSeat): RankContext['showProgress'] {
  if (!watched) return () => undefined
  let told = -Infinity
  return (progress) => {
    const now = performance.now()
    if (now - told < (progress.share === 1 ? PROGRESS_MS / 4 : PROGRESS_MS)) return
    told = now
    writeEvent(seating.worldRank, { event: 'progress', progress })
  }
}

const PROGRESS_MS = 100

/** Answers the agent's questions what this rank is doing; returns what is told when main begins and returns. */
function beSeen({ inquiries, checks }: RankSeat, shm: ShmTransport, source: PictureSource): Membership['finish'] {
  inquiries.on('message', ({ thorough }: Inquiry) => {
    const listed = foreignResources(source.engine, checks)
    const hidden = thorough && listed.length === 0 && shm.aside(keepsEventLoopAlive)
    const resources = hidden ? [HIDDEN_WORK] : listed
    const signals = checks.signalsWake ? [] : signalsHeard(checks)
    void pictureOf(source, { resources, signals }).then((picture) => inquiries.postMessage(picture))
  })
  inquiries.unref()
  return async (finished) => {
    shm.finish(finished)
    const leftovers = finished ? await leftoversOf(source) : undefined
    if (leftovers !== undefined) writeEvent(source.engine.worldRank, { event: 'leftovers', leftovers })
  }
}

/** What records this rank's calls for `tsmpirun --trace` and `--profile`. */
function recorderOf({ record, seating }: RankSeat): EventRecorder | undefined {
  if (record === undefined) return undefined
  const { worldRank, worldSize, spin } = seating
  const { CALL: call, PLACE: place, COMMUNICATOR: communicator } = TRACE_FLAG
  const flags = { call, place, communicator }
  return new EventRecorder(new TraceMemory(record, worldSize), {
    quickLooks: quickLooks(spin),
    locate: callSite,
    placeIn: (stack) => {
      const place = firstPlace(stack)
      return place && fromHere(place)
    },
    announce: (kind, number, text) => writeTrace(worldRank, flags[kind], Buffer.from(`${number} ${text}`)),
  })
}

/** A world of one: no launcher, no agent. */
function alone(): Membership {
  const hub = new InprocHub(1)
  const engine = new Engine((progress) => hub.open(0, progress))
  const memory: Memory = {
    alloc: (type, length) => arrayOver(type, length, (nbytes) => regionOver(new SharedArrayBuffer(nbytes), 0, nbytes)),
    free: (array) => {
      if (!(array.buffer instanceof SharedArrayBuffer))
        throw new MpiError('MPI_ERR_ARG', 'free: the array does not come from alloc')
    },
    share: () => undefined,
    sharedArrays: (_comm, array) => Promise.resolve(array.buffer instanceof SharedArrayBuffer ? [array] : undefined),
  }
  const world = createWorld(engine, (code) => process.exit(code))
  const finish = (): Promise<void> => Promise.resolve()
  const showProgress = (): void => undefined
  const slowness = { pace: 1, settlePace: () => undefined }
  const context = { ...world, ...memory, ...slowness, ...printing(process.argv.slice(2), 'localhost'), showProgress }
  return { engine, recorder: undefined, finish, context }
}

function printing(argv: readonly string[], host: string): Pick<RankContext, 'argv' | 'host' | 'log'> {
  return { argv, host, log: (...values) => void process.stdout.write(`${format(...values)}\n`) }
}

async function sharedArrays<T extends TypedArray>(
  shm: ShmTransport,
  comm: Intracomm,
  array: T,
): Promise<readonly T[] | undefined> {
  const { length } = array
  const near = comm.hosts.count === 1
  const places = await comm.allgatherObject(near && shm.isShared(array) ? { ...shm.placeOf(array), length } : undefined)
  if (places.includes(undefined)) return undefined
  const type = array.constructor as TypedArrayConstructor<T>
  return places.map((place) => {
    const { segment, offset, length } = place as Exclude<typeof place, undefined>
    return new type(shm.bytesAt(segment, offset, length * type.BYTES_PER_ELEMENT).buffer, offset, length)
  })
}

/** What could wake this rank besides messages. While it waits for those, one Immediate is the runtime's own. */
function foreignResources(engine: Engine, checks: Checks): string[] {
  const resources = wakers(checks)
  const own = engine.waits > 0 ? resources.indexOf('Immediate') : -1
  return own === -1 ? resources : resources.toSpliced(own, 1)
}

/** What Node waits for in this thread, and signals that the program lives by. */
function wakers(checks: Checks): string[] {
  const resources = process.getActiveResourcesInfo()
  return checks.signalsWake ? [...resources, ...signalsHeard(checks)] : resources
}

/** Signals that may come (rank-main.ts) and that somebody listens to. */
function signalsHeard({ signals }: Checks): string[] {
  return signals.filter((signal) => process.listenerCount(signal) > 0)
}

function arrayOver<T extends TypedArray>(
  type: TypedArrayConstructor<T>,
  length: number,
  alloc: (nbytes: number) => Region,
): T {
  if (!Number.isSafeInteger(length) || length < 0)
    throw new MpiError('MPI_ERR_ARG', `alloc: length is ${length}, expected a whole number >= 0`)
  if (length > MAX_BYTES)
    throw new MpiError(
      'MPI_ERR_NO_MEM',
      `alloc: length is ${length}, an array of this Node has at most ${MAX_BYTES} elements`,
    )
  const bytes = alloc(length * type.BYTES_PER_ELEMENT)
  return new type(bytes.buffer, bytes.byteOffset, length)
}

/** Frames that had no room leave before the rank may end. */
async function departed(engine: Engine): Promise<void> {
  while (engine.hasUnsentFrames) {
    engine.progress()
    await new Promise((resolve) => setImmediate(resolve))
  }
}
