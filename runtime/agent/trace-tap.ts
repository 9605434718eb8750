/**
 * Takes what the ranks of this host record out of their memory and sends it to the launcher: records in batches while the
 * ranks run, so that little is lost if everything is killed, and the sums when a rank ends or is stopped.
 */
import { setFlagsFromString } from 'node:v8'
import { machineMs } from '../base/machine-clock.ts'
import { endOf, summarize, trafficOf } from '../trace/profile-sums.ts'
import { CAPACITY, SavingRate } from '../trace/saving-rate.ts'
import { RECORD_BYTES, TraceMemory } from '../trace/trace-memory.ts'
import type { RankTraffic, Recording } from './job-description.ts'
import { PAYLOAD_MAX, TRACE_FLAG, writeEvent, writeTrace } from './start-channel.ts'

const PERIOD_MS = 100
/**
 * Bytecodes of calls that V8 compiles into one function. With its own 920, what records takes the place of what sends and
 * receives: windows of 1 KiB take 12 % longer instead of 2 to 6, whatever recording itself does; with 1600 9 to 11. What
 * it costs is compiling, once: 864 tests of HPL on 4 ranks of 2 cores take 5.0 s without recording, and with it 6.1, 7.0
 * and 8.7 s at 920, 1600 and 4000 (medians of four).
 */
const INLINED_BYTECODES = 4000
const RECORDS_PER_PACKET = Math.floor(PAYLOAD_MAX / RECORD_BYTES)

export class TraceTap {
  readonly #memories = new Map<number, TraceMemory>()
  readonly #rates = new Map<number, SavingRate>()
  readonly #capacity: number
  readonly #worldSize: number

  constructor(recording: Recording, worldSize: number) {
    this.#capacity = recording === 'trace' ? CAPACITY : 0
    this.#worldSize = worldSize
    setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${INLINED_BYTECODES}`)
    if (recording === 'trace') setInterval(() => this.#takeAll(), PERIOD_MS)
  }

  /** Memory for the record of a rank. */
  open(worldRank: number): SharedArrayBuffer {
    const memory = TraceMemory.create(this.#capacity, this.#worldSize)
    this.#memories.set(worldRank, new TraceMemory(memory, this.#worldSize))
    this.#rates.set(worldRank, new SavingRate())
    return memory
  }

  /** Sends what is left of a rank that has ended. */
  close(worldRank: number): void {
    const memory = this.#memories.get(worldRank)
    if (memory === undefined) return
    this.#memories.delete(worldRank)
    this.#take(worldRank, memory, CAPACITY)
    const nowMs = machineMs()
    if (memory.keepsRecords) writeTrace(worldRank, TRACE_FLAG.RECORDS, memory.waits(endOf(memory, nowMs)))
    writeEvent(worldRank, { event: 'profile', sums: summarize(memory, nowMs) })
  }

  /** Traffic so far of the ranks that run. */
  traffic(): RankTraffic[] {
    const nowMs = machineMs()
    return [...this.#memories].map(([rank, memory]) => ({ rank, ...trafficOf(memory, nowMs) }))
  }

  /** Sends what is left of all ranks, whatever they do. */
  closeAll(): void {
    for (const worldRank of [...this.#memories.keys()]) this.close(worldRank)
  }

  #takeAll(): void {
    for (const [worldRank, memory] of this.#memories) {
      const rate = this.#rates.get(worldRank) as SavingRate
      rate.saved(this.#take(worldRank, memory, rate.next(memory.callsMade)))
    }
  }

  /** Returns the number of records taken. */
  #take(worldRank: number, memory: TraceMemory, most: number): number {
    return memory.take(most, RECORDS_PER_PACKET, (bytes) => writeTrace(worldRank, TRACE_FLAG.RECORDS, bytes))
  }
}
