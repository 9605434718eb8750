/**
 * Keeps ranks of a host that wait for each other on processors of their own, where there are some.
 *
 * A thread that is woken is often put where the one runs that woke it, on virtual machines even beside an idle processor: to
 * a guest of KVM, one that halts looks like one that its host has taken away. Two ranks then look for messages half a
 * millisecond each (thread-waiter.ts) while the other, which would send them, waits for its turn; each has run too lately to
 * be moved. Seen on two processors of such a machine: 25 ms with 0.6 ms a message, after each rest of a second and now and
 * then between. Means of 1 KiB sent in turn, 2000 to 20 000 messages after half a second's rest: 2.6 us, and 2.3 with this;
 * while it is recorded 3.4 and 2.7.
 *
 * So a rank that waits says where it runs. If another that is awake says the same, and truly wants to run there, this one
 * moves to a processor that none of them claims. It is bound to none: other jobs may come, and the system knows of them.
 */
import { loadThreadAffinity, processorWanted, type ThreadAffinity } from '../base/thread-affinity.ts'
import type { Doorbell } from './doorbell.ts'
import { seatOffset } from './host-heap.ts'

/** In the second cache line of a seat, behind what stillness.ts has there. */
const CLAIM_OFFSET = 80
/** The processor, counted from 1. */
const PROCESSOR = 0
const THREAD = 1
/** To load what is called takes as long as so many waits of the kind that it makes shorter. */
const PATIENCE_WAITS = 50

/** What the system is asked. */
export interface ProcessorCalls {
  readonly load: () => ThreadAffinity | undefined
  /** The processor where a thread runs or waits for its turn. */
  readonly processorWanted: (threadId: number) => number | undefined
}

export class OwnProcessor {
  readonly #claims: readonly Int32Array[]
  readonly #seat: number
  readonly #bells: readonly Doorbell[]
  readonly #calls: ProcessorCalls
  #affinity: ThreadAffinity | undefined
  #waits = 0

  /** @param bells of the ranks of the host, by seat */
  constructor(
    heap: SharedArrayBuffer,
    seat: number,
    bells: readonly Doorbell[],
    calls: ProcessorCalls = { load: loadThreadAffinity, processorWanted },
  ) {
    this.#claims = bells.map((_, index) => new Int32Array(heap, seatOffset(index) + CLAIM_OFFSET, 2))
    this.#seat = seat
    this.#bells = bells
    this.#calls = calls
  }

  /** For a rank whose wait has taken some microseconds, and that is awake. */
  seek(): void {
    if (++this.#waits === PATIENCE_WAITS) this.#affinity = this.#calls.load()
    const affinity = this.#affinity
    if (affinity === undefined) return
    const processor = affinity.processor()
    this.#claim(processor, affinity.threadId)
    const rivals = this.#othersAwake().filter((claim) => processorOf(claim) === processor)
    // What it says may be old.
    if (rivals.some((claim) => this.#calls.processorWanted(claim[THREAD] as number) === processor))
      this.#leave(affinity, processor)
  }

  #claim(processor: number, threadId: number): void {
    const claim = this.#claims[this.#seat] as Int32Array
    claim[PROCESSOR] = processor + 1
    claim[THREAD] = threadId
  }

  #othersAwake(): Int32Array[] {
    return this.#claims.filter((_, seat) => seat !== this.#seat && this.#bells[seat]?.awake === 1)
  }

  #leave(affinity: ThreadAffinity, processor: number): void {
    const taken = new Set([processor, ...this.#othersAwake().map(processorOf)])
    const allowed = affinity.allowed()
    const free = allowed.filter((one) => !taken.has(one))
    if (free.length === 0) return
    affinity.allow(free)
    affinity.allow(allowed)
    this.#claim(affinity.processor(), affinity.threadId)
  }
}

function processorOf(claim: Int32Array): number {
  return (claim[PROCESSOR] as number) - 1
}
