/**
 * Where ranks that do not answer compute: a few milliseconds of Node's own CPU profiler in their threads, reached through
 * the inspector from the main thread, so that it costs nothing until it is asked for. A thread inside a long native call
 * is not reached before that returns: then nothing is found.
 */
import type { Profiler, Session } from 'node:inspector'

const SAMPLE_MS = 20
const INTERVAL_US = 1000

/** A function on the stack of a thread; line and column count from 1. */
export interface SampledFrame {
  readonly name: string
  readonly url: string
  /** Of the statement that ran; of frames further out, of the function. */
  readonly line: number
}

/**
 * What the threads did most of the time: their stacks, innermost function first, by thread.
 *
 * @param threads thread numbers of workers of this thread
 * @param limitMs how long to wait at most
 */
export async function sampleThreads(threads: readonly number[], limitMs: number): Promise<Map<number, SampledFrame[]>> {
  const { Session: sessionClass } = await import('node:inspector')
  const session = new sessionClass()
  session.connect()
  try {
    return await sample(session, new Set(threads), limitMs)
  } finally {
    session.disconnect()
  }
}

function sample(session: Session, wanted: ReadonlySet<number>, limitMs: number): Promise<Map<number, SampledFrame[]>> {
  const found = new Map<number, SampledFrame[]>()
  const answers = new Map<string, (result: unknown) => void>()
  let number = 0
  const ask = (sessionId: string, method: string, params = {}): Promise<unknown> => {
    const id = ++number
    const message = JSON.stringify({ id, method, params })
    session.post('NodeWorker.sendMessageToWorker', { sessionId, message })
    return new Promise((resolve) => answers.set(`${sessionId} ${id}`, resolve))
  }
  session.on('NodeWorker.receivedMessageFromWorker', ({ params: { sessionId, message } }) => {
    const { id, result } = JSON.parse(message) as { id?: number; result?: unknown }
    answers.get(`${sessionId} ${id}`)?.(result)
  })
  return new Promise((resolve) => {
    const limit = setTimeout(() => resolve(found), limitMs)
    session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
      const thread = Number(/\d+/.exec(workerInfo.title)?.[0])
      if (!wanted.has(thread)) return
      void profileOf((method, params) => ask(sessionId, method, params)).then((profile) => {
        found.set(thread, hottestStack(profile))
        if (found.size < wanted.size) return
        clearTimeout(limit)
        resolve(found)
      })
    })
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
  })
}

async function profileOf(ask: (method: string, params?: object) => Promise<unknown>): Promise<Profiler.Profile> {
  await ask('Profiler.enable')
  await ask('Profiler.setSamplingInterval', { interval: INTERVAL_US })
  await ask('Profiler.start')
  await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))
  const { profile } = (await ask('Profiler.stop')) as { profile: Profiler.Profile }
  await ask('Profiler.disable')
  return profile
}

/** The stack that was seen most often. */
function hottestStack({ nodes }: Profiler.Profile): SampledFrame[] {
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node] as const)))
  const hits = (node: Profiler.ProfileNode): number => node.hitCount ?? 0
  const isCode = ({ callFrame }: Profiler.ProfileNode): boolean => callFrame.url !== ''
  let node: Profiler.ProfileNode | undefined = nodes.filter(isCode).sort((a, b) => hits(b) - hits(a))[0]
  const stack: SampledFrame[] = []
  for (; node !== undefined; node = parents.get(node.id)) {
    const { functionName, url, lineNumber } = node.callFrame
    const ticks = node.positionTicks ?? []
    const hottest = [...ticks].sort((a, b) => b.ticks - a.ticks)[0]
    if (isCode(node)) stack.push({ name: functionName, url, line: hottest?.line ?? lineNumber + 1 })
  }
  return stack
}
