/** Blocks of different lengths through the board: short ones, long ones that follow by messages, and ranks that disagree. */
import t, { type Test } from 'tap'
import { IN_PLACE, SUM, type Intracomm } from '../../../index.ts'
import { displacements } from '../../../collectives/blocks.ts'
import { runRanks } from '../../../testing.ts'
import { failureOnBoard, foundBoard } from '../../helpers/boards.ts'

/** Longer than the board takes of two ranks or more, in 32-bit integers. */
const LONG = 70_000

/** What `source` has for `dest`. */
const block = (source: number, dest: number, length: number): number[] =>
  Array.from({ length }, (_, i) => 1_000_000 * source + 100_000 * dest + i)

/** tap takes a second to compare long arrays. */
function same(t: Test, got: Int32Array, expected: ArrayLike<number>): void {
  t.ok(Buffer.from(got.buffer).equals(Buffer.from(Int32Array.from(expected).buffer)), String(got.subarray(0, 9)))
}

for (const [what, lengths, sizes] of [
  ['short', [0, 1, 2, 7, 40], [2, 3, 4, 5, 8, 17]],
  ['some long', [LONG, 3, 0, LONG + 1, 1], [2, 5]],
] as const)
  for (const size of sizes)
    t.test(`vector calls of ${size} ranks, ${what} blocks, made again and with other lengths`, async (t) => {
      await runRanks(size, async ({ world }) => {
        await foundBoard(world)
        const { rank } = world
        const ranks = Array.from({ length: size }, (_, r) => r)
        for (let round = 0; round < 2 * lengths.length; round++) {
          // Every second round makes the calls of the one before again.
          const length = (source: number, dest = 0): number =>
            lengths[(source + 3 * dest + (round >> 1)) % lengths.length] as number
          const counts = ranks.map((r) => length(r))
          const mine = Int32Array.from(block(rank, 0, length(rank)))
          const all = ranks.flatMap((r) => block(r, 0, length(r)))
          for (const root of [0, size - 1]) {
            const gathered = new Int32Array(all.length)
            await world.gatherv(mine, rank === root ? gathered : undefined, rank === root ? { root, counts } : { root })
            if (rank === root) same(t, gathered, all)
            const got = new Int32Array(mine.length)
            await world.scatterv(rank === root ? Int32Array.from(all) : undefined, got, { root, counts })
            same(t, got, mine)
          }
          const collected = new Int32Array(all.length)
          await world.allgatherv(mine, collected, { counts })
          same(t, collected, all)

          const [sendCounts, recvCounts] = [ranks.map((r) => length(rank, r)), ranks.map((r) => length(r, rank))]
          const outgoing = Int32Array.from(ranks.flatMap((dest) => block(rank, dest, length(rank, dest))))
          const incoming = new Int32Array(recvCounts.reduce((sum, count) => sum + count, 0))
          await world.alltoallv(outgoing, incoming, { sendCounts, recvCounts })
          same(t, incoming, ranks.flatMap((source) => block(source, rank, length(source, rank)))) // prettier-ignore
        }
      })
    })

for (const length of [3, LONG])
  t.test(`vector calls in place and between gaps, blocks of ${length} and more`, async (t) => {
    await runRanks(3, async ({ world }) => {
      await foundBoard(world)
      const { rank } = world
      const counts = [length, length + 1, length + 2]
      const displs = displacements(counts).map((at, r) => at + r) // an element between two blocks
      const whole = (blockOf: (r: number) => number[]): number[] =>
        [0, 1, 2].flatMap((r) => [...blockOf(r), -1]).slice(0, -1)
      const expected = whole((r) => block(r, 0, counts[r] as number))
      const data = new Int32Array(expected.length).fill(-1)
      data.set(block(rank, 0, counts[rank] as number), displs[rank])
      await world.allgatherv(IN_PLACE, data, { counts, displs })
      same(t, data, expected)

      // In place, what two ranks exchange has one length.
      const recvCounts = [0, 1, 2].map((r) => length + rank + r)
      const recvDispls = displacements(recvCounts).map((at, r) => at + r)
      const exchanged = Int32Array.from(whole((r) => block(rank, r, length + rank + r)))
      for (const way of ['blocking', 'again'] as const) {
        await world.alltoallv(IN_PLACE, exchanged, { sendCounts: [], recvCounts, recvDispls })
        const back = way === 'again'
        same(t, exchanged, whole((r) => block(back ? rank : r, back ? r : rank, length + rank + r))) // prettier-ignore
      }
    })
  })

t.test('buffers used again with other lengths in the same list', async (t) => {
  await runRanks(2, async ({ world }) => {
    await foundBoard(world)
    const [counts, all] = [[0, 0], new Int32Array(4)]
    for (let call = 0; call < 20; call++) {
      counts.fill(1 + (call % 2))
      await world.allgatherv(new Int32Array(counts[0] as number).fill(call + world.rank), all.subarray(0, 2 * (counts[0] as number)), { counts }) // prettier-ignore
      const expected = counts[0] === 1 ? [call, call + 1] : [call, call, call + 1, call + 1]
      same(t, all.slice(0, expected.length), expected)
      all.fill(call)
      await world.alltoallv(IN_PLACE, all, { sendCounts: [], recvCounts: [2 - (call % 2), 2 - (call % 2)] })
    }
  })
})

t.test('calls made at the same time keep their order, whichever way their blocks go', async (t) => {
  await runRanks(4, async ({ world }) => {
    await foundBoard(world)
    const { rank, size } = world
    const gathered: Int32Array[] = []
    await Promise.all(
      Array.from({ length: 12 }, (_, call) => {
        const counts = Array.from({ length: size }, (_, r) => (call % 3 === 1 && r === 2 ? LONG : r))
        const into = (gathered[call] = new Int32Array(counts.reduce((sum, count) => sum + count, 0)))
        const root = call % size
        return world.gatherv(new Int32Array(counts[rank] as number).fill(call), rank === root ? into : undefined, { root, counts }) // prettier-ignore
      }),
    )
    for (const [call, data] of gathered.entries())
      if (rank === call % size && !data.every((value) => value === call)) t.fail(`call ${call} on rank ${rank}`)
  })
})

t.test('lengths that differ between sender and receiver are told as they are of messages', async (t) => {
  const counts = (a: number, b: number): { counts: number[] } => ({ counts: [a, b] })
  for (const [told, other] of [
    [2, 3],
    [2, LONG],
    [LONG, 2],
    [LONG, LONG + 1],
  ] as const) {
    const differ = new RegExp(
      `^MPI_ERR_COUNT: \\w+: the ranks disagree on the number of elements: ${told} int32 elements .* came where ${other} `,
    )
    const root = (w: Intracomm): Promise<void> => w.gatherv(new Int32Array(1), new Int32Array(1 + other), counts(1, other)) // prettier-ignore
    t.match(await failureOnBoard([root, (w) => w.gatherv(new Int32Array(told), undefined, {})]), differ)
    const source = (w: Intracomm): Promise<void> => w.scatterv(new Int32Array(1 + told), new Int32Array(1), counts(1, told)) // prettier-ignore
    t.match(await failureOnBoard([source, (w) => w.scatterv(undefined, new Int32Array(other), {})]), differ)
    const exchange = (sent: number, received: number) => (w: Intracomm) =>
      w.alltoallv(new Int32Array(sent), new Int32Array(received), {
        sendCounts: w.rank === 0 ? [0, sent] : [sent, 0],
        recvCounts: w.rank === 0 ? [0, received] : [received, 0],
      })
    t.match(await failureOnBoard([exchange(told, 1), exchange(1, other)]), differ)
  }
  const all = (a: number, b: number) => (w: Intracomm) =>
    w.allgatherv(new Int32Array(w.rank === 0 ? a : b), new Int32Array(a + b), counts(a, b))
  t.match(await failureOnBoard([all(2, 3), all(1, 4)]), /^MPI_ERR_COUNT: allgatherv: the ranks disagree on the number/)
  t.match(
    await failureOnBoard([all(2, 3), (w) => w.allgatherv(new Float32Array(3), new Float32Array(5), counts(2, 3))]),
    /^MPI_ERR_TYPE: allgatherv: the sender sent float32 elements, the receive buffer holds int32/,
  )
  t.match(
    await failureOnBoard([all(2, 3), (w) => w.allgather(new Int32Array(3), new Int32Array(6))]),
    /world rank \d called allgatherv?, world rank \d called allgatherv?/,
  )
})

t.test(
  'a long block that comes where a short one is expected, while others are awaited, is told by its length',
  async (t) => {
    const counts = [1, 2, 1]
    t.match(
      await failureOnBoard([
        (w) => w.gatherv(new Int32Array(1), new Int32Array(4), { counts }),
        (w) => w.gatherv(new Int32Array(LONG), undefined, {}),
        async (w) => {
          for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
          await w.gatherv(new Int32Array(1), undefined, {})
        },
      ]),
      new RegExp(
        `^MPI_ERR_COUNT: gatherv: the ranks disagree on the number of elements: ${LONG} int32 elements .* came where 2 `,
      ),
    )
  },
)

t.test('a misspelt option is refused also after a call with the right ones', async (t) => {
  await runRanks(2, async ({ world }) => {
    const [mine, all, counts] = [new Int32Array(1), new Int32Array(2), [1, 1]]
    await world.allgatherv(mine, all, { counts })
    await t.rejects(world.allgatherv(mine, all, { counts, dispsl: [0, 1] } as never), { code: 'MPI_ERR_ARG' })
  })
})

for (const unit of [1, LONG])
  t.test(`lists of counts that a program changes and uses again, blocks of ${unit} and more`, async (t) => {
    await runRanks(2, async ({ world }) => {
      await foundBoard(world)
      const { rank } = world
      const [first, second] = [[unit, 2 * unit] as const, [2 * unit, unit] as const]
      const [list, data, root] = [[0, 0], new Int32Array(3 * unit), 0]
      const ofRank = (counts: readonly number[]): number[] =>
        [0, 1].flatMap((r) => new Array<number>(counts[r] as number).fill(r + 1))
      const filled = (counts: readonly number[], wanted: (r: number) => boolean): Int32Array =>
        Int32Array.from(ofRank(counts), (value) => (wanted(value - 1) ? value : 0))
      const calls: Record<string, (counts: readonly number[], now: readonly number[]) => Promise<void>> = {
        allgatherv: async (counts, now) => {
          data.set(filled(now, (r) => r === rank))
          await world.allgatherv(IN_PLACE, data, { counts })
          same(t, data, ofRank(now))
        },
        gatherv: async (counts, now) => {
          data.set(filled(now, (r) => r === rank))
          if (rank !== root) return world.gatherv(new Int32Array(now[1] as number).fill(2), undefined, { root })
          await world.gatherv(IN_PLACE, data, { counts, root })
          same(t, data, ofRank(now))
        },
        scatterv: async (counts, now) => {
          data.set(ofRank(now))
          if (rank === root) return world.scatterv(data, IN_PLACE, { counts, root })
          const mine = new Int32Array(now[1] as number)
          await world.scatterv(undefined, mine, { root })
          same(t, mine, new Int32Array(now[1] as number).fill(2))
        },
        reduceScatter: async (counts, now) => {
          data.set(ofRank(now))
          await world.reduceScatter(IN_PLACE, data, { op: SUM, counts })
          const own = now[rank] as number
          same(t, data.slice(0, own), new Int32Array(own).fill(2 * (rank + 1)))
        },
      }
      for (const call of Object.values(calls)) {
        list.splice(0, 2, ...first)
        await call(list, first)
        list.splice(0, 2, ...second)
        await call(list, second)
        // The same as at first, by another list, while the first list says something else.
        await call([...first], first)
      }
    })
  })
