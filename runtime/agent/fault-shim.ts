/**
 * A bad network on purpose, for tests of programs and of the runtime itself: between the relay and its sockets, messages
 * are held back (so that links overtake each other), sent twice, lost, and links are cut. What happens depends on the
 * seed, and on the time that messages take. Loaded only if TSMPI_FAULTS is set; docs/failures.md has the format.
 *
 * Invariant: the order of the messages of one link is kept but for those sent twice, as on a network that repeats itself.
 */
import { toBytes } from '../base/native-calls.ts'
import { randomNumbers } from '../base/random-numbers.ts'
import type { Part } from '../transport/agent-link.ts'
import type { Outbox } from './shaper.ts'

/** What is to go wrong. */
export interface FaultPlan {
  readonly seed: number
  /** Longest time that a link holds messages back, in milliseconds. */
  readonly delayMs: number
  /** Share of the messages that come twice, 0..1. */
  readonly duplicate: number
  /** Share of the messages that are lost, 0..1. */
  readonly lose: number
  /** Messages after which a link breaks. */
  readonly cut: number
}

const NONE: FaultPlan = { seed: 0, delayMs: 0, duplicate: 0, lose: 0, cut: Infinity }

/** Reads `seed=7,delayMs=2,duplicate=0.1`. @throws RangeError naming what is wrong and what is allowed */
export function parseFaults(text: string): FaultPlan {
  const fields = text.split(',').map((field) => {
    const [, name = '', value = ''] = /^\s*(\w+)\s*=\s*(\d+(?:\.\d+)?)\s*$/.exec(field) ?? []
    const share = name === 'duplicate' || name === 'lose'
    if (!Object.hasOwn(NONE, name) || (share && Number(value) > 1))
      throw new RangeError(
        `TSMPI_FAULTS has ${JSON.stringify(field)}, expected a list of seed=NUMBER, delayMs=MILLISECONDS, duplicate=SHARE, lose=SHARE (0..1), cut=MESSAGES`,
      )
    return [name, Number(value)] as const
  })
  return { ...NONE, ...(Object.fromEntries(fields) as Partial<FaultPlan>) }
}

interface Held {
  readonly parts: readonly Part[]
  readonly onError: (error: unknown) => void
  /** It has been sent before. */
  readonly again: boolean
}

/** The way to one agent over the bad network. */
export class FaultyOutbox implements Outbox {
  readonly #real: Outbox
  readonly #plan: FaultPlan
  readonly #onBroken: () => void
  readonly #random: () => number
  readonly #held: Held[] = []
  #sent = 0
  #waiting = false

  /**
   * @param link a number for this link, which decides with the seed what becomes of it
   * @param onBroken called when the link is cut: nothing goes through any more
   */
  constructor(real: Outbox, plan: FaultPlan, link: number, onBroken: () => void) {
    this.#real = real
    this.#plan = plan
    this.#onBroken = onBroken
    this.#random = randomNumbers(plan.seed * 65_537 + link)
  }

  send(parts: readonly Part[], onError: (error: unknown) => void): void {
    if (++this.#sent === this.#plan.cut) this.#onBroken()
    if (this.#sent >= this.#plan.cut || this.#random() < this.#plan.lose) return
    this.#held.push({ parts, onError, again: false })
    this.#wait()
  }

  #wait(): void {
    if (this.#waiting || this.#held.length === 0) return
    this.#waiting = true
    setTimeout(() => this.#release(), this.#random() * this.#plan.delayMs)
  }

  /** Lets a random number of the messages through, the first ones first. */
  #release(): void {
    this.#waiting = false
    const passing = this.#held.splice(0, 1 + Math.floor(this.#random() * this.#held.length))
    for (const { parts, onError, again } of passing) {
      // Its memory may change once it has come.
      if (!again && this.#random() < this.#plan.duplicate)
        this.#held.push({ parts: parts.map((part) => toBytes(part).slice()), onError, again: true })
      this.#real.send(parts, onError)
    }
    this.#wait()
  }
}
