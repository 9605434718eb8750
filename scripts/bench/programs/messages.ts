/**
 * The measured side of scripts/bench/messages.ts: `mode size,size,… rounds memory`. Rank 0 prints a line of JSON for each size,
 * `{ nbytes, us }`: microseconds of one message or one collective call; for overlap, per cent of the transfer hidden.
 * The twin in C is peers/messages.c: same modes, same numbers of rounds.
 */
import { Cartcomm, dimsCreate, MAX, run, SUM, waitAll, type RankContext, type Request } from 'tsmpi'

const WINDOW = 64
/** Calls on doubles. */
const REDUCTIONS = ['reduce', 'allreduce', 'scan', 'exscan', 'reduceScatterBlock', 'reduceScatter']
/** Of a rank in a torus of two dimensions. */
const NEIGHBORS = 4
/**
 * The compiler works beside the ranks in their first million messages or so, and still finds something to improve in the
 * next five; once more when a size takes another branch than those before.
 */
const WARM_UP = { firstUs: 1e6, us: 2e5 } as const
let warmUpUs: number = WARM_UP.firstUs
/** For calls among neighbours. */
let torus: Cartcomm | undefined

/** Makes so many rounds. The loop is inside, as in the twin: a call of its own for each round would be one more `await`. */
type Rounds = (times: number) => Promise<void>

await run(async (context) => {
  const [mode = '', sizes = '', most = '', memory = ''] = context.argv
  const { world } = context
  if (mode.startsWith('neighbor'))
    torus = await Cartcomm.create(world, { dims: dimsCreate(world.size, 2), periods: [true, true] })
  for (const nbytes of sizes.split(',').map(Number)) {
    const total = mode === 'bandwidth' || mode === 'bidirectional' ? 25e6 : 200e6
    const rounds = Math.min(Number(most), Math.max(10, Math.floor(total / (nbytes + 10_000))))
    const us =
      mode === 'overlap' ? await overlap(context, nbytes, rounds) : await measure(context, mode, nbytes, rounds, memory)
    if (world.rank === 0) context.log(JSON.stringify({ nbytes, us }))
  }
})

/** Microseconds of one message or call. */
async function measure(
  context: RankContext,
  mode: string,
  nbytes: number,
  rounds: number,
  memory: string,
): Promise<number> {
  const { world, alloc } = context
  const make = (length: number): Uint8Array => (memory === 'alloc' ? alloc(Uint8Array, length) : new Uint8Array(length))
  const [round, messages, buffers] = roundOf(context, mode, nbytes, make)
  // Pages that nobody has written are all the same one, which lies in every cache.
  for (const buffer of buffers) buffer.fill(1)
  await warmUp(world, round, rounds)
  const us = (await timed(world, round, rounds)) / rounds / messages
  if (memory === 'alloc') for (const buffer of buffers) context.free(buffer)
  return us
}

/** All ranks make as many rounds. */
async function warmUp(world: RankContext['world'], round: Rounds, rounds: number): Promise<void> {
  for (let us = 0; us < warmUpUs;) us += await world.allreduce(await timed(world, round, rounds), { op: MAX })
  warmUpUs = WARM_UP.us
}

async function timed(world: RankContext['world'], round: Rounds, rounds: number): Promise<number> {
  await world.barrier()
  const begin = performance.now()
  await round(rounds)
  return (performance.now() - begin) * 1000
}

/** What a round does, the messages in it that follow each other, and its buffers. */
function roundOf(
  { world }: RankContext,
  mode: string,
  nbytes: number,
  make: (length: number) => Uint8Array,
): [Rounds, number, Uint8Array[]] {
  const { rank, size } = world
  const peer = 1 - rank
  // A reduction without elements does nothing.
  const least = REDUCTIONS.includes(mode) ? Float64Array.BYTES_PER_ELEMENT : 1
  const length = Math.max(least, nbytes)
  const [a, b] = [make(length), make(length)]
  const ack = new Uint8Array(4)
  const window = Math.max(2, Math.min(WINDOW, Math.floor(2 ** 25 / (nbytes + 1))))
  const sends = (): Request[] => many(() => world.isend(a, { dest: peer }), window)
  const receives = (): Request[] => many(() => world.irecv(b, { source: peer }), window)
  switch (mode) {
    case 'latency':
      return [
        async (times) => {
          for (let i = 0; i < times; i++) {
            if (rank === 0) await world.send(a, { dest: peer })
            await world.recv(b, { source: peer })
            if (rank === 1) await world.send(a, { dest: peer })
          }
        },
        2,
        [a, b],
      ]
    case 'bandwidth':
      return [
        async (times) => {
          for (let i = 0; i < times; i++) {
            await waitAll(rank === 0 ? sends() : receives())
            if (rank === 0) await world.recv(ack, { source: peer })
            else await world.send(ack, { dest: peer })
          }
        },
        window,
        [a, b],
      ]
    case 'bidirectional':
      return [repeated(async () => void (await waitAll([...receives(), ...sends()]))), window, [a, b]]
  }
  // Block collectives give each rank nbytes in all.
  const blocks = torus === undefined ? size : NEIGHBORS
  const doubles = (bytes: Uint8Array): Float64Array =>
    new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3)
  const block = Math.max(least, Math.floor(nbytes / blocks))
  const [part, whole, other] = [make(block), make(block * blocks), make(block * blocks)]
  const [x, y] = [doubles(a), doubles(b)]
  const counts = new Array<number>(size).fill(block)
  const summands = doubles(whole).subarray(0, (block >> 3) * size)
  const sums = doubles(part)
  const unequal = unequalCounts(block >> 3, size)
  const ownSums = doubles(other).subarray(0, unequal[rank])
  const all = [a, b, part, whole, other]
  const calls: Record<string, () => Promise<void>> = {
    barrier: () => world.barrier(),
    bcast: () => world.bcast(a),
    reduce: () => world.reduce(x, y, { op: SUM }),
    allreduce: () => world.allreduce(x, y, { op: SUM }),
    gather: () => world.gather(part, whole),
    scatter: () => world.scatter(whole, part),
    allgather: () => world.allgather(part, whole),
    alltoall: () => world.alltoall(whole, other),
    scan: () => world.scan(x, y, { op: SUM }),
    exscan: () => world.exscan(x, y, { op: SUM }),
    reduceScatterBlock: () => world.reduceScatterBlock(summands, sums, { op: SUM }),
    reduceScatter: () => world.reduceScatter(summands, ownSums, { op: SUM, counts: unequal }),
    gatherv: () => world.gatherv(part, whole, { counts }),
    scatterv: () => world.scatterv(whole, part, { counts }),
    allgatherv: () => world.allgatherv(part, whole, { counts }),
    alltoallv: () => world.alltoallv(whole, other, { sendCounts: counts, recvCounts: counts }),
    neighborAllgather: async () => torus?.neighborAllgather(part, whole),
    neighborAlltoall: async () => torus?.neighborAlltoall(whole, other),
  }
  return [repeated(calls[mode] as () => Promise<void>), 1, all]
}

/** As many in all as `count` for each of `size` ranks: half of it and one and a half, in turns, where there are two for it. */
function unequalCounts(count: number, size: number): number[] {
  const half = count >> 1
  return Array.from({ length: size }, (_, rank) =>
    (rank ^ 1) >= size ? count : rank % 2 === 0 ? half : 2 * count - half,
  )
}

/** As the twin fills its array; `Array.from` of a length takes as long as a receive. */
function many(start: () => Request, times: number): Request[] {
  const requests: Request[] = []
  for (let i = 0; i < times; i++) requests.push(start())
  return requests
}

function repeated(round: () => Promise<void>): Rounds {
  return async (times) => {
    for (let i = 0; i < times; i++) await round()
  }
}

/** Per cent of a transfer in both directions that computing of the same length hides. */
async function overlap({ world }: RankContext, nbytes: number, rounds: number): Promise<number> {
  const peer = 1 - world.rank
  const [a, b] = [new Uint8Array(nbytes), new Uint8Array(nbytes)]
  const work = { us: 0 }
  const round = repeated(async () => {
    const requests = [world.irecv(b, { source: peer }), world.isend(a, { dest: peer })]
    compute(work.us)
    await waitAll(requests)
  })
  await timed(world, round, rounds)
  const transferUs = (await timed(world, round, rounds)) / rounds
  work.us = transferUs
  const bothUs = (await timed(world, round, rounds)) / rounds
  return Math.max(0, Math.min(100, (100 * (2 * transferUs - bothUs)) / transferUs))
}

function compute(us: number): void {
  const end = performance.now() + us / 1000
  while (performance.now() < end);
}
