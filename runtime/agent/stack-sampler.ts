/**
 * Where ranks that do not answer compute: their threads are paused for a moment by Node's inspector, reached from the main
 * thread, so that it costs nothing until it is asked for. A thread inside a long native call is not reached before that
 * returns: then nothing is found. The session lasts until every thread has left the debugger, so that none stays paused.
 *
 * The inspector's CPU profiler would not do: it cannot name a function whose loop was compiled while it ran, as that of a
 * program that computes in its main function is (seen with V8 11.3).
 */
import type { Debugger, Session } from 'node:inspector'

/** A function on the stack of a thread; line and column count from 1. */
export interface SampledFrame {
  readonly name: string
  readonly url: string
  readonly line: number
  readonly column: number
}

type Stacks = Map<number, SampledFrame[]>

/**
 * What the threads are doing: their stacks, innermost function first, by thread.
 *
 * @param threads thread numbers of workers of this thread
 * @param limitMs how long to wait at most
 */
export async function sampleThreads(threads: readonly number[], limitMs: number): Promise<Stacks> {
  const { Session: sessionClass } = await import('node:inspector')
  const session = new sessionClass()
  session.connect()
  return new Promise((resolve) => new Sampling(session, new Set(threads), resolve).begin(limitMs))
}

class Sampling {
  readonly #session: Session
  readonly #wanted: ReadonlySet<number>
  readonly #resolve: (found: Stacks) => void
  readonly #found: Stacks = new Map()
  /** Threads in the debugger, by the inspector's name for them. */
  readonly #inside = new Map<string, number>()
  readonly #urls = new Map<string, string>()
  #limit: NodeJS.Timeout | undefined
  #over = false

  constructor(session: Session, wanted: ReadonlySet<number>, resolve: (found: Stacks) => void) {
    this.#session = session
    this.#wanted = wanted
    this.#resolve = resolve
  }

  begin(limitMs: number): void {
    this.#limit = setTimeout(() => this.#end(), limitMs)
    this.#session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
      const thread = Number(/\d+/.exec(workerInfo.title)?.[0])
      if (!this.#wanted.has(thread)) return
      this.#inside.set(sessionId, thread)
      this.#tell(sessionId, 'Debugger.enable')
      this.#tell(sessionId, 'Debugger.pause')
    })
    this.#session.on('NodeWorker.receivedMessageFromWorker', ({ params: { sessionId, message } }) =>
      this.#hear(sessionId, JSON.parse(message) as DebuggerMessage),
    )
    this.#session.on('NodeWorker.detachedFromWorker', ({ params: { sessionId } }) => this.#left(sessionId))
    this.#session.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
  }

  #hear(sessionId: string, { id, method, params }: DebuggerMessage): void {
    if (id === LEAVING) this.#left(sessionId)
    if (method === 'Debugger.scriptParsed') this.#urls.set(`${sessionId} ${params.scriptId}`, params.url)
    if (method !== 'Debugger.paused') return
    this.#leave(sessionId)
    this.#found.set(
      this.#inside.get(sessionId) as number,
      params.callFrames.map(({ functionName, location: { scriptId, lineNumber, columnNumber = 0 } }) => ({
        name: functionName,
        url: this.#urls.get(`${sessionId} ${scriptId}`) ?? '',
        line: lineNumber + 1,
        column: columnNumber + 1,
      })),
    )
    if (this.#found.size === this.#wanted.size) this.#end()
  }

  /** Threads that have not been reached are told to leave before they are paused. */
  #end(): void {
    if (this.#over) return
    clearTimeout(this.#limit)
    this.#over = true
    this.#resolve(this.#found)
    for (const [sessionId, thread] of this.#inside) if (!this.#found.has(thread)) this.#leave(sessionId)
    this.#closeWhenEmpty()
  }

  #leave(sessionId: string): void {
    this.#tell(sessionId, 'Debugger.resume')
    this.#tell(sessionId, 'Debugger.disable', LEAVING)
  }

  #left(sessionId: string): void {
    this.#inside.delete(sessionId)
    this.#closeWhenEmpty()
  }

  #closeWhenEmpty(): void {
    if (this.#over && this.#inside.size === 0) this.#session.disconnect()
  }

  #tell(sessionId: string, method: string, id = 0): void {
    this.#session.post('NodeWorker.sendMessageToWorker', { sessionId, message: JSON.stringify({ id, method }) })
  }
}

/** Number of the last message to a thread. */
const LEAVING = 1

/** What a thread says: something of its own, or the answer to the message of that number. */
type DebuggerMessage =
  | {
      readonly id?: undefined
      readonly method: 'Debugger.scriptParsed'
      readonly params: Debugger.ScriptParsedEventDataType
    }
  | { readonly id?: undefined; readonly method: 'Debugger.paused'; readonly params: Debugger.PausedEventDataType }
  | { readonly id: number; readonly method?: undefined; readonly params?: undefined }
