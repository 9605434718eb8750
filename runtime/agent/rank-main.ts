/**
 * Entry of a rank's thread: makes output and failures reach the launcher at once, then loads the program.
 */
import { constants } from 'node:os'
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { INPUT_WANTED, type RankSeat, type SignalMessage } from './job-description.ts'
import { loadProgram } from './program-loader.ts'
import { writeEvent, writeOutput } from './start-channel.ts'

const { tsmpi: seat } = workerData as { tsmpi: RankSeat }
const rank = seat.seating.worldRank

redirect(process.stdout, 1)
redirect(process.stderr, 2)
if (seat.input) askForInput()
hearSignals()
process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
process.argv.splice(1, process.argv.length - 1, programName(), ...seat.argv)

if (seat.processors !== undefined) await bind(seat.processors)
try {
  await loadProgram(seat.program)
} catch (error) {
  fail(error)
}

/** The thread's streams hand text to the main thread some time later; a rank that blocks or dies would lose it. */
function redirect(stream: NodeJS.WriteStream, fd: 1 | 2): void {
  stream.write = (chunk: Uint8Array | string, ...rest: unknown[]): boolean => {
    const encoding = typeof rest[0] === 'string' ? (rest[0] as BufferEncoding) : 'utf8'
    writeOutput(fd, rank, typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)
    const done = rest.find((argument) => typeof argument === 'function') as (() => void) | undefined
    if (done !== undefined) process.nextTick(done)
    return true
  }
}

/** Input that came unasked would keep the thread alive: the agent sends it once the program begins to read. */
function askForInput(): void {
  const { stdin } = process
  const read = stdin._read.bind(stdin)
  stdin._read = (size) => {
    stdin._read = read
    parentPort?.postMessage(INPUT_WANTED)
    read(size)
    holdWhileRead(stdin)
  }
}

/**
 * Input that a program no longer reads, because it has closed its `readline` for instance, keeps Node's main thread alive no
 * longer; Node's other threads it keeps until it ends. Here it does what it does in the main thread.
 */
function holdWhileRead(stdin: NodeJS.ReadStream): void {
  const key = Object.getOwnPropertySymbols(stdin).find(({ description }) => description === 'kPort')
  const port = key && (stdin as unknown as Record<symbol, MessagePort | undefined>)[key]
  if (port === undefined) return
  stdin.on('resume', () => port.ref())
  for (const event of ['pause', 'end', 'close']) stdin.on(event, () => port.unref())
}

/** A rank that cannot be bound runs all the same: the user is told. */
async function bind(processors: readonly number[]): Promise<void> {
  try {
    const { bindThread } = await import('./thread-binding.ts')
    writeEvent(rank, { event: 'bound', processors: bindThread(processors) })
  } catch (error) {
    writeEvent(rank, { event: 'unbound', reason: (error as Error).message })
  }
}

/** Node delivers signals to the main thread only: here they come from the agent, for `process.on` as ever. */
function hearSignals(): void {
  const program: NodeJS.EventEmitter = process
  parentPort?.on('message', ({ signal }: SignalMessage) => program.emit(signal, signal, constants.signals[signal]))
  parentPort?.unref()
}

function fail(error: unknown): void {
  writeEvent(rank, { event: 'failed', stack: stackOf(error) })
  process.exit(1)
}

/** The stack of an error and of what caused it. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return `a value that is no Error was thrown: ${String(error)}`
  const stack = error.stack ?? String(error)
  return error.cause instanceof Error ? `${stack}\n  caused by: ${stackOf(error.cause)}` : stack
}

function programName(): string {
  const { program } = seat
  if (program.kind === 'builtin') return program.module
  return program.url.startsWith('file:') ? decodeURIComponent(new URL(program.url).pathname) : program.url
}
