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
/** For all of it, if ranks are about to answer: less than the launcher waits for the host. */
const WHOLE_MS = 2800
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
  const begun = performance.now()
  const asked = threads.filter(({ seat }) => !watch.hasEnded(seat))
  const answers = new Answers(asked, thorough)
  const { pictures } = answers
  await answers.of(asked, ANSWER_MS + (thorough ? Math.min(THOROUGH.eachMs * asked.length, THOROUGH.mostMs) : 0))
  const silent = threads.filter(({ rank, seat }) => !pictures.has(rank) && isRunning(watch, seat))
  const sampled =
    silent.length === 0 || !thorough
      ? new Map<number, SampledFrame[]>()
      : await sampleThreads(
          silent.map(({ worker }) => worker.threadId),
          SAMPLE_LIMIT_MS,
        )
  await answers.of(
    silent.filter(({ worker }) => isInside(sampled.get(worker.threadId), map)),
    Math.max(WHOLE_MS - (performance.now() - begun), 0),
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

/** The pictures of ranks that have been asked, as they come. */
class Answers {
  /** By rank. */
  readonly pictures = new Map<number, RankPicture>()
  #heard: (() => void) | undefined

  constructor(threads: readonly RankThread[], thorough: boolean) {
    for (const { rank, inquiries } of threads) {
      inquiries.removeAllListeners('message')
      inquiries.on('message', (picture: RankPicture) => {
        this.pictures.set(rank, picture)
        this.#heard?.()
      })
      inquiries.postMessage({ thorough })
    }
  }

  /** Waits until these have come, for so long at most. */
  of(threads: readonly RankThread[], limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const limit = setTimeout(resolve, limitMs)
      this.#heard = () => {
        if (!threads.every(({ rank }) => this.pictures.has(rank))) return
        clearTimeout(limit)
        resolve()
      }
      this.#heard()
    })
  }
}

/** Whether a rank is in the runtime, called by no line of a program: about to answer. */
function isInside(frames: readonly SampledFrame[] | undefined, map: ProgramMap | undefined): boolean {
  return frames !== undefined && frames.length > 0 && !frames.some((frame) => isOfProgram(frame, map))
}

function isOfProgram({ url }: SampledFrame, map: ProgramMap | undefined): boolean {
  return url === map?.url || !(url === '' || url.startsWith('node:') || url.startsWith(INSTALLATION))
}

/** Functions of the program, innermost first, the first with the call of the library it makes; those of the library if there are no others. */
function shownFrames(frames: readonly SampledFrame[], map: ProgramMap | undefined): string[] {
  const known = frames.filter(({ url }) => url !== '' && !url.startsWith('node:'))
  const first = known.findIndex((frame) => isOfProgram(frame, map))
  if (first === -1) return known.slice(0, 1).map((frame) => frameText(frame, map))
  const program = known.filter((frame) => isOfProgram(frame, map)).slice(0, SHOWN_FRAMES)
  const [innermost = '', ...callers] = program.map((frame) => frameText(frame, map))
  const call = known[first - 1]?.name ?? ''
  return [call === '' ? innermost : `${innermost} calling ${call}`, ...callers]
}

function frameText({ name, url, line, column }: SampledFrame, map: ProgramMap | undefined): string {
  const place = url === map?.url ? map.place(line, column)?.replace(/:\d+$/, '') : undefined
  const shown = place ?? `${decodeURIComponent(url.replace(/^file:\/\//, ''))}:${line}`
  return name === '' ? shown : `${name} (${shown})`
}
