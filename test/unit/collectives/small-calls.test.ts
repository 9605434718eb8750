/** Small calls through the board: what they compute, how far ranks may run ahead, and what they say when ranks disagree. */
import t from 'tap'
import { BXOR, IN_PLACE, MAX, Op, SUM, waitAll, type Intracomm } from '../../../index.ts'
import { randomNumbers } from '../../../runtime/base/random-numbers.ts'
import { InprocHub } from '../../../runtime/transport/inproc.ts'
import { runRanks, type TestRank } from '../../../testing.ts'
import { CALLS_BEFORE, failureOnBoard, foundBoard } from '../../helpers/boards.ts'

/** More calls than a board has slots. */
const MANY = 2600

const SIZES = [2, 3, 4, 5, 7, 8, 16, 17]

for (const size of SIZES)
  t.test(
    `bcast, reduce, allreduce and barrier of ${size} ranks give every root's and all ranks' elements`,
    async (t) => {
      await runRanks(size, async ({ world }) => {
        await foundBoard(world)
        for (let i = 0; i < 3 * size; i++) {
          const root = i % size
          const data = Int32Array.of(world.rank === root ? i : -1, world.rank)
          await world.bcast(data, { root })
          t.same([...data], [i, root])
          const sum = await world.reduce(i + world.rank, { op: SUM, root })
          t.equal(sum, world.rank === root ? i * size + (size * (size - 1)) / 2 : undefined)
          t.equal(await world.allreduce(world.rank * i, { op: MAX }), (size - 1) * i)
          await world.barrier()
        }
      })
    },
  )

for (const length of [1, 5, 6, 129, 8192, 8193, 32_768, 32_769])
  t.test(`${length} doubles, in one line, beside it or by messages`, async (t) => {
    await runRanks(3, async ({ world }) => {
      await foundBoard(world)
      const mine = Float64Array.from({ length }, (_, i) => i + world.rank)
      const sum = new Float64Array(length)
      for (let i = 0; i < 3; i++) await world.allreduce(mine, sum, { op: SUM })
      t.same(
        [...sum],
        Array.from({ length }, (_, i) => 3 * i + 3),
      )
      if (world.rank === 2) mine.fill(7)
      await world.bcast(mine, { root: 2 })
      t.ok(mine.every((value) => value === 7))
    })
  })

for (const size of [2, 3, 4, 5, 8])
  for (const length of [1, 40, 700])
    t.test(`gather, scatter, allgather and alltoall of ${size} ranks, ${length} elements a block`, async (t) => {
      await runRanks(size, async ({ world }) => {
        await foundBoard(world)
        const { rank } = world
        // Element `i` of the block that `source` has for `dest`.
        const block = (source: number, dest: number): number[] =>
          Array.from({ length }, (_, i) => 1000 * source + 10 * dest + i)
        const ranks = Array.from({ length: size }, (_, r) => r)
        const mine = Int32Array.from(block(rank, 0))
        const all = Int32Array.from(ranks.flatMap((r) => block(r, 0)))
        for (let root = 0; root < size; root++) {
          const gathered = new Int32Array(size * length)
          await world.gather(mine, rank === root ? gathered : undefined, { root })
          if (rank === root) t.same(gathered, all)
          const sent = rank === root ? Int32Array.from(ranks.flatMap((dest) => block(root, dest))) : undefined
          const got = new Int32Array(length)
          await world.scatter(sent, got, { root })
          t.same([...got], block(root, rank))
        }
        const collected = new Int32Array(size * length)
        await world.allgather(mine, collected)
        t.same(collected, all)
        const inPlace = new Int32Array(size * length)
        inPlace.set(mine, rank * length)
        await world.allgather(IN_PLACE, inPlace)
        t.same(inPlace, all)
        const outgoing = Int32Array.from(ranks.flatMap((dest) => block(rank, dest)))
        const incoming = ranks.flatMap((source) => block(source, rank))
        await world.alltoall(outgoing, inPlace)
        t.same([...inPlace], incoming)
        await world.alltoall(IN_PLACE, outgoing)
        t.same([...outgoing], incoming)
      })
    })

for (const size of [2, 3, 4, 5, 7, 8])
  t.test(`scans and reduceScatter of ${size} ranks give the bits of their messages`, async (t) => {
    await runRanks(size, async ({ world }) => {
      await foundBoard(world)
      const mine = Float64Array.from({ length: 3 * size }, (_, i) => 0.1 + world.rank / 3 + i / 7)
      const [sum, expected] = [new Float64Array(mine.length), new Float64Array(mine.length)]
      await world.scan(mine, sum, { op: SUM })
      await world.iscan(mine, expected, { op: SUM }).wait()
      t.same(sum, expected)
      await world.exscan(mine, sum, { op: SUM })
      await world.iexscan(mine, expected, { op: SUM }).wait()
      if (world.rank > 0) t.same(sum, expected)
      t.equal(await world.exscan(1, { op: SUM }), world.rank === 0 ? undefined : world.rank)
      const counts = Array.from({ length: size }, (_, rank) => (rank === 0 ? 1 : rank === 1 ? 5 : 3))
      const block = (array: Float64Array): Float64Array => array.subarray(0, counts[world.rank])
      await world.reduceScatter(mine, block(sum), { op: SUM, counts })
      await world.ireduceScatter(mine, block(expected), { op: SUM, counts }).wait()
      t.same(block(sum), block(expected))
      t.same([...mine.subarray(0, 2)], [0.1 + world.rank / 3, 0.1 + world.rank / 3 + 1 / 7], 'what is given stays')
      await world.reduceScatterBlock(IN_PLACE, mine, { op: SUM })
      t.ok(Math.abs((mine[0] as number) - serialSum(size, 3 * world.rank)) < 1e-12)
    })
  })

for (const size of [2, 4, 5])
  t.test(`long reductions of ${size} ranks give the bits of their messages, whichever way they go`, async (t) => {
    await runRanks(size, async ({ world }) => {
      await foundBoard(world)
      for (const length of [40, 1000, 9000, 16_400, 32_768]) {
        const n = length - (length % size)
        const mine = Float64Array.from({ length: n }, (_, i) => 0.1 + world.rank / 3 + i / 7)
        const [result, expected] = [new Float64Array(n), new Float64Array(n)]
        const agree = (call: string, count = n): void => {
          if (!result.subarray(0, count).every((value, i) => value === expected[i])) t.fail(`${call} of ${n}`)
        }
        await world.allreduce(mine, result, { op: SUM })
        await world.iallreduce(mine, expected, { op: SUM }).wait()
        agree('allreduce')
        await world.reduce(mine, result, { op: SUM, root: 1 })
        if (world.rank === 1) agree('reduce')
        await world.scan(mine, result, { op: SUM })
        await world.iscan(mine, expected, { op: SUM }).wait()
        agree('scan')
        const [block, other] = [result, expected].map((array) => array.subarray(0, n / size)) as [Float64Array, Float64Array] // prettier-ignore
        await world.reduceScatterBlock(mine, block, { op: SUM })
        await world.ireduceScatterBlock(mine, other, { op: SUM }).wait()
        agree('reduceScatterBlock', n / size)
        result.set(mine)
        await world.allreduce(IN_PLACE, result, { op: SUM })
        await world.iallreduce(mine, expected, { op: SUM }).wait()
        agree('allreduce in place')
      }
    })
    t.pass('all bits agree')
  })

/** The sum over all ranks of element `at` in the test of scans. */
function serialSum(size: number, at: number): number {
  let sum = 0
  for (let rank = 0; rank < size; rank++) sum += 0.1 + rank / 3 + at / 7
  return sum
}

t.test('an operation that sees whole vectors only, in the order of the ranks, by every call', async (t) => {
  const matrices = Op.create((incoming, accumulator) => {
    const [a, b, c, d] = [...incoming] as [number, number, number, number]
    const [e, f, g, h] = [...accumulator] as [number, number, number, number]
    ;(accumulator as Int32Array).set([a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h])
  })
  await runRanks(4, async ({ world }) => {
    await foundBoard(world)
    const { rank } = world
    const mine = Int32Array.of(1, rank + 1, rank % 2, 1)
    const [result, expected] = [new Int32Array(4), new Int32Array(4)]
    await world.scan(mine, result, { op: matrices })
    await world.iscan(mine, expected, { op: matrices }).wait()
    t.same(result, expected)
    await world.reduceScatter(mine, result.subarray(0, 1), { op: matrices, counts: [1, 1, 1, 1] })
    await world.iallreduce(mine, expected, { op: matrices }).wait()
    t.equal(result[0], expected[rank])
  })
})

t.test(
  'payloads of all lengths follow each other through the ring, and none is overwritten before it is read',
  async (t) => {
    const lengths = Array.from({ length: 200 }, (_, i) => [1, 262_144, 41, 20_000, 4096, 231_000, 16][i % 7] as number)
    await runRanks(3, async ({ world }) => {
      await foundBoard(world)
      for (const [i, length] of lengths.entries()) {
        const data = new Uint8Array(length)
        if (world.rank === i % 2) data.fill(i)
        await world.bcast(data, { root: i % 2 })
        if (data.some((byte) => byte !== i % 256)) t.fail(`call ${i} of ${length} bytes`)
      }
    })
    t.pass('all came as they were sent')
  },
)

for (const size of [3, 4, 7])
  t.test(
    `p=${size}: an operation that does not commute is applied in rank order, with the bits of recursive doubling`,
    async (t) => {
      const digits = Op.create((incoming, accumulator) => {
        const [a, b] = [incoming as Float64Array, accumulator as Float64Array]
        for (let i = 0; i < b.length; i++)
          b[i] = (a[i] as number) * 10 ** Math.ceil(Math.log10((b[i] as number) + 0.5)) + (b[i] as number)
      })
      await runRanks(size, async ({ world }) => {
        await foundBoard(world)
        const inOrder = Number('123456789'.slice(0, size))
        t.equal(await world.allreduce(world.rank + 1, { op: digits }), inOrder)
        for (let root = 0; root < size; root++)
          t.equal(await world.reduce(world.rank + 1, { op: digits, root }), world.rank === root ? inOrder : undefined)
        const forced = await world.dup({ algorithms: { allreduce: 'recursive-doubling' } })
        const rough = 0.1 + world.rank / 3
        t.equal(await world.allreduce(rough, { op: SUM }), await forced.allreduce(rough, { op: SUM }))
      })
    },
  )

t.test('a root may run ahead of the others by more calls than a board has slots, without losing one', async (t) => {
  let [ahead, whenStopped] = [0, 0]
  await runRanks(3, async ({ world }) => {
    await foundBoard(world)
    const data = new Int32Array(1)
    // The others come late: when the root has no room any more.
    if (world.rank !== 0) await new Promise((resolve) => setImmediate(resolve))
    whenStopped ||= ahead
    for (let i = 0; i < MANY; i++) {
      if (world.rank === 0) data[0] = ahead = i
      await world.bcast(data)
      if (data[0] !== i) t.fail(`call ${i} brought ${data[0]}`)
    }
  })
  t.equal(ahead, MANY - 1)
  t.ok(whenStopped > 100 && whenStopped < MANY - 1, `stopped at call ${whenStopped}`)
})

t.test('payloads of all lengths in any order, from roots that take turns and run ahead', async (t) => {
  const lengths = [0, 1, 4, 7, 40, 41, 128, 1000, 65_536, 262_144]
  await runRanks(3, async ({ world }) => {
    await foundBoard(world)
    let seed = 1
    for (let i = 0; i < 600; i++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      // Short ones most often: of those, ranks tell only now and then that they have completed them.
      const length = lengths[(seed >>> 8) % (i % 7 === 0 ? lengths.length : 7)] as number
      const root = (seed >>> 16) % 50 === 0 ? 1 : 0
      const data = new Uint8Array(length).fill(world.rank === root ? i : 255)
      await world.bcast(data, { root })
      if (!data.every((byte) => byte === i % 256)) t.fail(`call ${i} of ${length} bytes`)
    }
  })
})

t.test('calls that a program makes before it awaits the first, and nonblocking ones between them', async (t) => {
  const sums = await runRanks(4, async ({ world }) => {
    await foundBoard(world)
    const [x, y] = [new Float64Array(1), new Float64Array(1)]
    const calls = [world.allreduce(world.rank, { op: SUM }), world.allreduce(Float64Array.of(1), x, { op: SUM })]
    const request = world.iallreduce(Float64Array.of(2), y, { op: SUM })
    const last = world.allreduce(10, { op: MAX })
    await waitAll([request])
    await Promise.all(calls)
    return [await calls[0], x[0], y[0], await last]
  })
  for (const sum of sums) t.same(sum, [6, 4, 8, 10])
})

/** Small calls, a nonblocking and a long one between them; each rank awaits some of them at once, and others later. */
async function overlappingCalls({ world }: TestRank, seed: number): Promise<void> {
  const random = randomNumbers(seed + world.rank)
  const under: Promise<unknown>[] = []
  for (let i = 0; i < 3 * CALLS_BEFORE; i++) {
    if (i % 7 === 6) under.push(world.iallreduce(Float64Array.of(i), new Float64Array(1), { op: SUM }).wait())
    if (i % 11 === 10) under.push(world.bcast(new Float64Array(50_000), { root: i % world.size }))
    const data = Int32Array.of(world.rank === 0 ? i : -1)
    const call = [world.allreduce(i, { op: SUM }), world.bcast(data).then(() => data[0])]
    under.push(
      Promise.all(call).then(([sum, got]) => {
        if (sum !== i * world.size || got !== i) throw new Error(`call ${i} gave ${sum} and ${got}`)
      }),
    )
    const most = Math.floor(random() * 16)
    while (under.length > most) await under.shift()
  }
  await Promise.all(under)
}

for (const size of [2, 3, 4, 5])
  t.test(`ranks of ${size} that await the calls before and behind the founding of the board differently`, async (t) => {
    for (let seed = 1; seed <= 20; seed++) await runRanks(size, (rank) => overlappingCalls(rank, 100 * seed))
    t.pass('all calls found their own')
  })

t.test('the same calls without memory for a board', async (t) => {
  const open = InprocHub.prototype.open
  const refuse = (): never => {
    throw new Error('no memory')
  }
  t.intercept(InprocHub.prototype, 'open', {
    value(this: InprocHub, ...args: Parameters<typeof open>) {
      return Object.assign(open.apply(this, args), { alloc: refuse })
    },
  })
  for (let seed = 1; seed <= 5; seed++) await runRanks(4, (rank) => overlappingCalls(rank, 100 * seed))
  t.pass('all calls found their own')
})

t.test('a receive of the same rank goes on while it waits in a call', async (t) => {
  await runRanks(2, async ({ world }) => {
    await foundBoard(world)
    const data = new Int32Array(1)
    if (world.rank === 0) {
      const received = world.recv(data, { source: 1 })
      const met = world.barrier()
      await received
      t.equal(data[0], 5)
      await met
    } else {
      await world.send(Int32Array.of(5), { dest: 0 })
      await world.barrier()
    }
  })
})

t.test('buffers that are used again are read and written anew', async (t) => {
  await runRanks(3, async ({ world }) => {
    await foundBoard(world)
    const [mine, sum] = [new Float64Array(2), new Float64Array(2)]
    for (let i = 0; i < 20; i++) {
      mine.fill(i)
      await world.allreduce(mine, sum, { op: i % 2 === 0 ? SUM : MAX })
      t.same([...sum], i % 2 === 0 ? [3 * i, 3 * i] : [i, i])
    }
  })
})

t.test('calls on one buffer that overlap, before there is a board and after', async (t) => {
  await runRanks(4, async ({ world }) => {
    const mine = Float64Array.of(world.rank + 1)
    for (let i = 0; i < CALLS_BEFORE; i++) {
      const sums = [new Float64Array(1), new Float64Array(1)]
      await Promise.all(sums.map((sum) => world.reduce(mine, sum, { op: SUM })))
      if (world.rank === 0) t.same(sums, [Float64Array.of(10), Float64Array.of(10)])
    }
  })
})

t.test('buffers that take turns, and one that is transferred and made anew', async (t) => {
  const counts = [1, 300, 20_000]
  await runRanks(3, async ({ world }) => {
    await foundBoard(world)
    const buffers = counts.map((count) => new Int32Array(count))
    for (let i = 0; i < 12; i++) {
      const data = buffers[i % 3] as Int32Array
      if (world.rank === 1) data.fill(i)
      await world.bcast(data, { root: 1 })
      if (data.some((value) => value !== i)) t.fail(`call ${i}`)
    }
    const last = buffers[2] as Int32Array
    const old = last.buffer as ArrayBuffer
    const moved = new Int32Array(structuredClone(old, { transfer: [old] }))
    await world.bcast(moved, { root: 1 })
    t.ok(moved.length === 20_000 && moved.every((value) => value === 11))
  })
})

for (const size of [1, 2, 3, 4, 5, 7, 8])
  t.test(`numbers of ${size} ranks, whatever was reduced before them, and several at once`, async (t) => {
    const lowest = Op.create((incoming, accumulator) => accumulator.set(incoming as never))
    const ranks = Array.from({ length: size }, (_, rank) => rank)
    await runRanks(size, async ({ world }) => {
      const { rank } = world
      for (let i = 0; i < 2 * CALLS_BEFORE; i++)
        for (const [op, reduce] of [
          [SUM, (a, b) => a + b],
          [MAX, Math.max],
          [BXOR, (a, b) => a ^ b],
          [lowest, (a) => a],
        ] as [Op, (a: number, b: number) => number][]) {
          // Each call twice in a row: the second goes by what the first was found to mean.
          for (const [j, root] of [i % size, i % size, 0, 0].entries()) {
            const value = (of: number): number => 31 * i + 7 * j + of
            const upTo = (end: number): number | undefined =>
              end === 0
                ? undefined
                : ranks
                    .slice(0, end)
                    .map(value)
                    .reduce((a, b) => reduce(a, b))
            const mine = value(rank)
            t.same(
              await Promise.all([
                world.allreduce(mine, { op }),
                world.allreduce(mine, { op }),
                world.reduce(mine, { op, root }),
                world.scan(mine, { op }),
                world.exscan(mine, { op }),
              ]),
              [upTo(size), upTo(size), rank === root ? upTo(size) : undefined, upTo(rank + 1), upTo(rank)],
            )
          }
        }
      await t.rejects(world.allreduce(1.5, { op: BXOR }), { code: 'MPI_ERR_TYPE' })
      t.equal(await world.allreduce(1.5, { op: SUM }), 1.5 * size)
    })
  })

t.test('communicators that come and go give their boards back', async (t) => {
  await runRanks(2, async ({ world }) => {
    for (let i = 0; i < 50; i++) {
      const comm = await world.dup()
      await foundBoard(comm)
      t.equal(await comm.allreduce(1, { op: SUM }), 2)
      comm.free()
      await t.rejects(comm.barrier(), { code: 'MPI_ERR_COMM' })
    }
  })
})

const doubles = (n: number): Float64Array => new Float64Array(n)

t.test('two different small calls are named, both', async (t) => {
  const message = await failureOnBoard([(world) => world.barrier(), (world) => world.allreduce(1, { op: SUM })])
  t.match(message, /^MPI_ERR_OTHER: the ranks of a communicator called different collectives/)
  t.match(message, 'called barrier')
  t.match(message, 'called allreduce with op SUM')
})

t.test('a small call and one that goes by messages are named, both', async (t) => {
  const message = await failureOnBoard([
    (world) => world.barrier(),
    (world) => world.iallgather(Int32Array.of(1), new Int32Array(2)).wait(),
  ])
  t.match(message, /^MPI_ERR_OTHER: barrier: the ranks of a communicator called different collectives/)
  t.match(message, 'world rank 1 called allgather where world rank 0 called barrier')
})

t.test('other operations, lengths and types are told as they are of messages', async (t) => {
  t.match(await failureOnBoard([(w) => w.allreduce(1, { op: SUM }), (w) => w.allreduce(1, { op: MAX })]), 'with op MAX')
  // In a line, beside it, and of long ones that ranks do parts of.
  for (const pair of [
    [2, 3],
    [2, 9000],
    [9000, 9001],
  ]) {
    const lengths = pair.map((n) => (world: Intracomm) => world.allreduce(doubles(n), doubles(n), { op: SUM }))
    t.match(await failureOnBoard(lengths), /^MPI_ERR_COUNT: allreduce: the ranks disagree on the number of elements/)
  }
  const types = [(world: Intracomm) => world.bcast(doubles(1)), (world: Intracomm) => world.bcast(new Int32Array(2))]
  t.match(
    await failureOnBoard(types),
    /^MPI_ERR_TYPE: bcast: the sender sent float64 elements, the receive buffer holds int32/,
  )
})

t.test('a call that is small on one rank only is told as one that is made in different ways', async (t) => {
  const ways = (call: string): RegExp =>
    new RegExp(
      `^MPI_ERR_OTHER: ${call}: the ranks of a communicator called it in different ways: world rank 0 with more`,
    )
  const bcast = (n: number) => (world: Intracomm) => world.bcast(doubles(n))
  t.match(await failureOnBoard([bcast(40_000), bcast(1)]), ways('bcast'))
  t.match(
    await failureOnBoard([
      (world) => world.iallgather(doubles(1), doubles(2)).wait(),
      (world) => world.allgather(doubles(1), doubles(2)),
    ]),
    ways('allgather'),
  )
  const counts = (n: number) => (world: Intracomm) =>
    world.allgatherv(doubles(world.rank === 0 ? n : 1), doubles(n + 1), { counts: [n, 1] })
  t.match(await failureOnBoard([counts(40_000), counts(1)]), ways('allgatherv'))
})

t.test('two different roots, which nobody notices at once, are found by the next call that all make', async (t) => {
  const at = (root: number) => async (world: Intracomm) => {
    await world.bcast(doubles(1), { root })
    await world.barrier()
  }
  t.match(
    await failureOnBoard([at(0), at(1)]),
    /barrier: the ranks of a communicator called different collectives: call number 8 of world rank \d was bcast with root/,
  )
})

t.test('a wrong argument on one rank, corrected, leaves the communicator usable', async (t) => {
  const sums = await runRanks(2, async ({ world }) => {
    await foundBoard(world)
    if (world.rank === 0) await t.rejects(world.bcast(doubles(1), { root: 2 }), { code: 'MPI_ERR_ROOT' })
    await world.bcast(doubles(1), { root: 1 })
    return world.allreduce(1, { op: SUM })
  })
  t.same(sums, [2, 2])
})
