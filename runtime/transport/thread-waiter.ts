/**
 * How a rank's thread waits: it looks for messages a few times, then sleeps until its doorbell rings, and lets the event
 * loop turn between sleeps, so that timers and sockets of the program go on.
 *
 * Looking happens in a microtask, right after the program's own code came to rest, because a reply from another core is
 * often there within a microsecond and a turn of the event loop costs as much. Sleeping happens in setImmediate: then no
 * microtask of the program is left that could run instead.
 */
import { loadYield } from '../base/native-calls.ts'
import type { Progress } from './transport.ts'
import type { Doorbell } from './doorbell.ts'
import type { OwnProcessor } from './own-processor.ts'
import type { Stillness } from './stillness.ts'

/** Looks in the microtask, before the event loop turns: about 2 us. */
const QUICK_LOOKS = 40
/**
 * How long a rank looks before it sleeps. To wake a thread on another core takes 5 us on a machine of its own and 150 us on
 * a virtual one: two ranks that give up sooner wake each other for ever.
 */
const SPIN_MS = 0.5
/** Looks between two readings of the clock. */
const LOOKS_A_READING = 100
/** Looks between two questions whether there is still a core for everybody. */
const GLANCE_LOOKS = 20
/** Longest sleep between two turns of the event loop. */
const SLICE_MS = 1
/**
 * Looks between lying down and sleep: who left a message and did not see that this rank was lying down (doorbell.ts) did so
 * some nanoseconds before, and meanwhile it becomes visible.
 */
const LAST_LOOKS = 4
/** Sleeps in a row, about a quarter of a second, before the rank asks itself whether only messages could wake it. */
const QUIET_SLEEPS = 240
/** Sleeps between two such questions. */
const QUESTION_SLEEPS = 40

/** Looks, each time asking whether there is a core for everybody, before giving way: 1 to 2 us. */
const LINGER_LOOKS = 100
/** How long a rank goes on giving its core to others before it sleeps. */
const GIVE_WAY_MS = 0.1
/** To load what calls `sched_yield` costs as much as so many sleeps. */
const YIELD_AFTER_SLEEPS = 300

const SETTLED = Promise.resolve()

/** Lets others see when only messages could wake this rank. */
export interface Vigil {
  readonly stillness: Stillness
  /** True if frames have come that nobody has taken in. Takes none in. */
  readonly frameReady: () => boolean
  /** True if all that could wake the rank are messages. */
  readonly onlyMessagesWake: () => boolean
}

/** Looks of a wait that ends before much time has passed: the microtask's, and some of the event loop's next turn. */
export function quickLooks(spin: boolean): number {
  return spin ? 4 * QUICK_LOOKS : 1
}

export class ThreadWaiter {
  readonly #progress: Progress
  readonly #doorbell: Doorbell
  readonly #roomy: () => boolean
  readonly #vigil: Vigil
  readonly #ownProcessor: OwnProcessor
  /** Sleeps since something came. */
  #sleeps = 0
  /** Gives the core to another thread; loaded when it is worth it. */
  #yield: (() => unknown) | undefined
  /** Times that nothing but sleep was left because others needed the core. */
  #hasteSlept = 0
  /** Something has come since the rank gave its core to others in vain. */
  #hasCome = false
  #waiting = false
  /** Said to be still. */
  #still = false
  #scheduled = false
  /** The next turn, while it waits. */
  #turn: NodeJS.Immediate | undefined

  /**
   * @param roomy whether there is a core for everybody who is awake: if not, looking takes one from the rank we wait for.
   *   HPL N = 8000 on a 2 x 2 grid and two cores: while two ranks sleep until the next panel, the other two agree on its
   *   pivots 8000 times; when they sleep each time, 0.31 s of 3.2 s are such that all four sleep, when they look 0.16 s
   */
  constructor(progress: Progress, doorbell: Doorbell, vigil: Vigil, ownProcessor: OwnProcessor, roomy: () => boolean) {
    this.#progress = progress
    this.#vigil = vigil
    this.#ownProcessor = ownProcessor
    this.#doorbell = doorbell
    this.#roomy = roomy
  }

  /** Looks for something else than messages for a moment, without leaving the program's own code. */
  linger(hasHappened: () => boolean): boolean {
    for (let look = 0; look < LINGER_LOOKS && this.#roomy(); look++) if (hasHappened()) return true
    return hasHappened() || this.#giveWay(hasHappened)
  }

  /** Others need the core: gives it to them a few times, which costs less than to sleep and be woken. */
  #giveWay(hasHappened: () => boolean): boolean {
    if (this.#yield === undefined) {
      if (++this.#hasteSlept === YIELD_AFTER_SLEEPS) this.#yield = loadYield()
      return false
    }
    this.#yield()
    if (hasHappened()) return true // most often so, without a look at the clock
    // A rank that computes keeps the core for milliseconds: then sleeping costs less than it saves.
    const end = performance.now() + GIVE_WAY_MS
    do {
      this.#yield()
      if (hasHappened()) return true
    } while (performance.now() < end)
    return false
  }

  setWaiting(waiting: boolean): void {
    this.#waiting = waiting
    // Something else than a message has made the program go on: it may compute for long before the event loop turns.
    if (!waiting && this.#still) this.#toggle()
    if (!waiting || this.#scheduled) return
    this.#scheduled = true
    void SETTLED.then(this.#quickly) // half the price of queueMicrotask, which makes an AsyncResource
  }

  /** Calls a function while nothing of this waiter's own keeps the event loop alive. */
  aside<T>(look: () => T): T {
    this.#turn?.unref()
    try {
      return look()
    } finally {
      this.#turn?.ref()
    }
  }

  readonly #looked = (): boolean => this.#progress() > 0 || !this.#waiting

  readonly #quickly = (): void => {
    const ended = this.#look(QUICK_LOOKS) || (!this.#roomy() && this.#giveWay(this.#looked))
    this.#hasCome = ended
    if (ended && !this.#waiting) this.#scheduled = false
    else this.#turn = setImmediate(this.#patiently)
  }

  readonly #patiently = (): void => {
    if (this.#still) this.#keepStill()
    else if (this.#waiting && !(this.#sleeps === 0 ? this.#lookLong() : this.#look(QUICK_LOOKS))) this.#sleep()
    else this.#sleeps = 0
    this.#hasCome = this.#sleeps === 0
    if (this.#waiting) this.#turn = setImmediate(this.#patiently)
    else this.#scheduled = false
  }

  /** Looks once, and again while there is room; true if a wait ended. */
  #look(times: number): boolean {
    for (let i = 0; i < times; i++) {
      if (this.#progress() > 0 || !this.#waiting) return true
      if (i % GLANCE_LOOKS === 0 && !this.#roomy()) return false
    }
    return false
  }

  /**
   * Before the first sleep of a wait only: a rank that waits for long must leave its core alone. A request of several steps
   * goes on waiting when one of them has ended: where others need the core, the next is like a wait that begins. (With
   * 4 ranks on 2 cores, `await world.ibarrier().wait()` took 210 us when they slept here, and 20 us so.)
   */
  #lookLong(): boolean {
    if (this.#look(LOOKS_A_READING)) return true
    if (!this.#roomy()) return this.#hasCome && this.#giveWay(this.#looked)
    this.#ownProcessor.seek()
    const end = performance.now() + SPIN_MS
    do if (this.#look(LOOKS_A_READING)) return true
    while (this.#roomy() && performance.now() < end)
    return false
  }

  #sleep(): void {
    this.#doorbell.lieDown()
    const quiet = !lastLook(() => this.#progress() > 0)
    if (quiet) this.#doorbell.sleep(SLICE_MS)
    this.#doorbell.getUp()
    // What a wait that has ended makes the program do comes after this turn: until then nothing is known.
    this.#sleeps = quiet && this.#progress() === 0 ? this.#sleeps + 1 : 0
    if (this.#sleeps < QUIET_SLEEPS) return
    this.#sleeps -= QUESTION_SLEEPS
    if (this.#vigil.onlyMessagesWake()) this.#toggle()
  }

  #toggle(): void {
    this.#still = !this.#still
    this.#vigil.stillness.toggle()
  }

  /** Like `sleep`, but says so before it takes anything in; what has come is for the next turn. */
  #keepStill(): void {
    const { frameReady, onlyMessagesWake } = this.#vigil
    this.#doorbell.lieDown()
    if (!lastLook(frameReady)) this.#doorbell.sleep(SLICE_MS)
    this.#doorbell.getUp()
    if (this.#waiting && !frameReady() && (++this.#sleeps % QUESTION_SLEEPS !== 0 || onlyMessagesWake())) return
    this.#toggle()
    this.#sleeps = 0
  }
}

function lastLook(hasCome: () => boolean): boolean {
  for (let i = 0; i < LAST_LOOKS; i++) if (hasCome()) return true
  return false
}
