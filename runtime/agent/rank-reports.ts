/**
 * What every rank of this host is doing, for the launcher: asks each of them, waits a moment for those that answer, and
 * looks at the others from outside.
 */
import type { MessagePort, Worker } from 'node:worker_threads'
import type { RankPicture, RankReport } from '../diagnosis/picture.ts'
import { PHASE_OF_RANK } from '../transport/stillness.ts'
import type { HostWatch } from './host-watch.ts'
import type { ProgramMap } from './program-map.ts'
import { sampleThreads, type SampledFrame } from './stack-sampler.ts'

/** A rank that lets its event loop turn answers within a millisecond or two, on a crowded machine in some tens. */
const ANSWER_MS = 250
/** What the thorough question takes longer, for each rank of the host, and at most. */
const THOROUGH = { eachMs: 50, mostMs: 2000 } as const
const SAMPLE_LIMIT_MS = 1000
/** Functions shown of a rank that computes. */
const SHOWN_FRAMES = 3
/** What lies here is no program of the user's. */
const INSTALLATION = new URL('../../', import.meta.url).href

/** A rank's thread and the port on which it answers. */
export interface RankThread {
  readonly rank: number
  readonly seat: number
  readonly worker: Worker
  readonly inquiries: MessagePort
}

/**
 * Asks the ranks of this host what they are doing.
 *
 * @param thorough whether ranks also look for what Node does not list, and those that do not answer are asked where they
 *   compute: that stops either for some milliseconds
 */
export async function rankReports(
  threads: readonly RankThread[],
  watch: HostWatch,
  { thorough, map }: { readonly thorough: boolean; readonly map?: ProgramMap | undefined },
): Promise<RankReport[]> {
  const asked = threads.filter(({ seat }) => !watch.hasEnded(seat))
  const pictures = await answers(asked, thorough)
  const silent = threads.filter(({ rank, seat }) => !pictures.has(rank) && isRunning(watch, seat))
  const sampled =
    silent.length === 0 || !thorough
      ? new Map<number, SampledFrame[]>()
      : await sampleThreads(
          silent.map(({ worker }) => worker.threadId),
          SAMPLE_LIMIT_MS,
        )
  const silentSeconds = watch.silentSeconds()
  return threads.map(({ rank, seat, worker }) => ({
    rank,
    state: stateOf(watch, seat),
    picture: pictures.get(rank),
    stack: shownFrames(sampled.get(worker.threadId) ?? [], map),
    silentSeconds: silentSeconds[seat] ?? 0,
  }))
}

function isRunning(watch: HostWatch, seat: number): boolean {
  return !watch.hasEnded(seat) && watch.phaseOf(seat) !== PHASE_OF_RANK.STARTING
}

function stateOf(watch: HostWatch, seat: number): RankReport['state'] {
  const phase = watch.phaseOf(seat)
  if (watch.hasEnded(seat)) return phase === PHASE_OF_RANK.RUNNING ? 'exited' : 'ended'
  if (phase === PHASE_OF_RANK.STARTING) return 'starting'
  return phase === PHASE_OF_RANK.FINISHED ? 'finished' : 'running'
}

/** Pictures by rank, of those who answer in time. */
function answers(threads: readonly RankThread[], thorough: boolean): Promise<Map<number, RankPicture>> {
  const pictures = new Map<number, RankPicture>()
  return new Promise((resolve) => {
    const extraMs = thorough ? Math.min(THOROUGH.eachMs * threads.length, THOROUGH.mostMs) : 0
    const limit = setTimeout(() => resolve(pictures), ANSWER_MS + extraMs)
    for (const { rank, inquiries } of threads) {
      inquiries.removeAllListeners('message')
      inquiries.on('message', (picture: RankPicture) => {
        pictures.set(rank, picture)
        if (pictures.size < threads.length) return
        clearTimeout(limit)
        resolve(pictures)
      })
      inquiries.postMessage({ thorough })
    }
    if (threads.length > 0) return
    clearTimeout(limit)
    resolve(pictures)
  })
}

/** The innermost function, and those of the program it was called by. */
function shownFrames(frames: readonly SampledFrame[], map: ProgramMap | undefined): string[] {
  const [innermost, ...rest] = frames.filter(({ url }) => url !== '' && !url.startsWith('node:'))
  if (innermost === undefined) return []
  const callers = rest.filter(({ url }) => url === map?.url || !url.startsWith(INSTALLATION))
  return [innermost, ...callers].slice(0, SHOWN_FRAMES).map(({ name, url, line, column }) => {
    const place = url === map?.url ? map.place(line, column)?.replace(/:\d+$/, '') : undefined
    const shown = place ?? `${decodeURIComponent(url.replace(/^file:\/\//, ''))}:${line}`
    return name === '' ? shown : `${name} (${shown})`
  })
}
