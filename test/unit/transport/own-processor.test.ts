/** Ranks that wait for each other get processors of their own, where there are some. */
import fc from 'fast-check'
import t from 'tap'
import type { ThreadAffinity } from '../../../runtime/base/thread-affinity.ts'
import { Doorbell } from '../../../runtime/transport/doorbell.ts'
import { createHostHeap, seatOffset } from '../../../runtime/transport/host-heap.ts'
import { OwnProcessor } from '../../../runtime/transport/own-processor.ts'
import { Stillness } from '../../../runtime/transport/stillness.ts'

/** Waits that pass before a rank finds out where it runs. */
const PATIENCE_WAITS = 50

/** A machine on which each rank runs where it is put. */
class Machine {
  readonly places: number[]
  readonly allowed: number[]
  /** Processors that a rank was told to run on, call by call. */
  readonly orders: number[][] = []
  readonly bells: Doorbell[]
  /** Ranks that compute or look for messages, whatever they have said. */
  readonly busy: boolean[]
  readonly #heap: SharedArrayBuffer
  readonly #ranks: OwnProcessor[]

  constructor(places: number[], processors: number, allowed = Array.from({ length: processors }, (_, i) => i)) {
    this.places = places
    this.allowed = allowed
    this.busy = places.map(() => true)
    this.#heap = createHostHeap(places.length, 0.01).memory
    this.bells = places.map((_, seat) => new Doorbell(this.#heap, seatOffset(seat)))
    this.#ranks = places.map(
      (_, seat) =>
        new OwnProcessor(this.#heap, seat, this.bells, {
          load: () => this.#affinityOf(seat),
          processorWanted: (threadId) => (this.busy[threadId - 100] === true ? this.places[threadId - 100] : undefined),
        }),
    )
  }

  #affinityOf(seat: number): ThreadAffinity {
    return {
      threadId: 100 + seat,
      processor: () => this.places[seat] as number,
      allowed: () => this.allowed,
      allow: (processors) => {
        this.orders.push([...processors])
        if (!processors.includes(this.places[seat] as number)) this.places[seat] = processors[0] as number
      },
    }
  }

  stillnessOf(seat: number): Stillness {
    return new Stillness(this.#heap, seat)
  }

  seek(seat: number, waits = 1): void {
    for (let i = 0; i < waits; i++) this.#ranks[seat]?.seek()
  }

  /** All have waited so often that they know where they run. */
  settle(): void {
    for (const seat of this.#ranks.keys()) this.seek(seat, PATIENCE_WAITS)
  }
}

t.test('of two ranks on one processor one moves to a free one, and is bound to none', async (t) => {
  const machine = new Machine([0, 0], 2)
  machine.settle()
  t.strictSame(machine.places, [0, 1])
  t.strictSame(machine.orders, [[1], [0, 1]])
  machine.places[0] = 1
  machine.seek(0)
  t.strictSame(machine.places, [0, 1], 'the system had put the other beside it')
})

t.test('a rank that has hardly waited asks the system nothing', async (t) => {
  const machine = new Machine([0, 0], 2)
  for (const seat of [0, 1]) machine.seek(seat, PATIENCE_WAITS - 1)
  t.strictSame(machine.places, [0, 0])
  t.strictSame(machine.orders, [])
})

t.test('where the calls do not exist, nothing happens', async (t) => {
  const { memory } = createHostHeap(2, 0.01)
  const bells = [0, 1].map((seat) => new Doorbell(memory, seatOffset(seat)))
  const calls = { load: () => undefined, processorWanted: () => t.fail('asks nothing') as never }
  const rank = new OwnProcessor(memory, 0, bells, calls)
  t.doesNotThrow(() => {
    for (let i = 0; i < 3 * PATIENCE_WAITS; i++) rank.seek()
  })
})

t.test('nobody moves without need', async (t) => {
  for (const [why, places, prepare] of [
    ['the other sleeps', [0, 0], (machine) => machine.bells[1]?.lieDown()],
    ['the other has gone elsewhere since it said so', [0, 0], (machine) => (machine.places[1] = 2)],
    ['the other waits for something else', [0, 0], (machine) => (machine.busy[1] = false)],
    ['no other processor is allowed', [0, 0], (machine) => machine.allowed.splice(0, 4, 0)],
    ['all others are taken', [0, 0, 1, 2, 3], () => undefined],
  ] as [string, number[], (machine: Machine) => unknown][]) {
    const machine = new Machine(places, 4)
    // All but rank 0 have said where they run.
    for (const seat of places.keys()) if (seat > 0) machine.seek(seat, PATIENCE_WAITS)
    prepare(machine)
    const before = [...machine.places]
    machine.seek(0, PATIENCE_WAITS)
    t.strictSame(machine.places, before, why)
    t.strictSame(machine.orders, [], why)
  }
})

t.test('what a rank says of its processor is not what it says of its stillness', async (t) => {
  const machine = new Machine([0, 1], 2)
  machine.stillnessOf(0).phase = 1
  machine.settle()
  t.equal(machine.stillnessOf(0).phase, 1)
  t.equal(machine.stillnessOf(0).count, 0)
  t.equal(machine.bells[0]?.awake, 1)
})

t.test('wherever the system puts ranks, they end on processors of their own if there are enough', async () => {
  const machines = fc.integer({ min: 1, max: 8 }).chain((processors) =>
    fc.record({
      processors: fc.constant(processors),
      places: fc.array(fc.nat(processors - 1), { minLength: 1, maxLength: 6 }),
      asleep: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
    }),
  )
  fc.assert(
    fc.property(machines, ({ processors, places, asleep }) => {
      const machine = new Machine(places, processors)
      for (const [seat, bell] of machine.bells.entries()) if (asleep[seat] === true) bell.lieDown()
      const awake = places.map((_, seat) => seat).filter((seat) => asleep[seat] !== true)
      const sleepers = places.map((place, seat) => (asleep[seat] === true ? place : -1))
      for (const seat of awake) machine.seek(seat, PATIENCE_WAITS)
      for (const seat of awake) machine.seek(seat)
      const apart = new Set(awake.map((seat) => machine.places[seat])).size
      const sleepersStay = sleepers.every((place, seat) => place < 0 || machine.places[seat] === place)
      return apart === Math.min(awake.length, processors) && sleepersStay
    }),
    { numRuns: 300 },
  )
})
