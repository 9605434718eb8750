/** The costly checks find buffers of collective calls that are touched while these are under way, and change nothing else. */
import t from 'tap'
import { Cartcomm, IN_PLACE, Intercomm, ROOT, SUM, startAll, waitAll, type Intracomm } from '../../../index.ts'
import { checkedWorlds } from '../../helpers/checked-ranks.ts'
import { FORMS, make, start, type Form } from '../../helpers/forms.ts'

/** In elements that are not of the call. What is still to be received is 0 at the start. */
const GAP = -1
const doubles = (...values: number[]): Float64Array => Float64Array.from(values)

interface Buffers {
  readonly args: readonly unknown[]
  /** What the call may write to, and what must be there afterwards. */
  readonly recv?: Float64Array
  readonly expected?: readonly number[]
  /** What the call reads. */
  readonly send?: Float64Array
}

/** A call of rank 0 of two, and what the other passes. */
interface Case {
  readonly call: string
  readonly what?: string
  readonly mine: () => Buffers
  readonly theirs: () => readonly unknown[]
  readonly comm?: 'grid' | 'inter'
}

/** Arguments: a send buffer or what stands for it, the receive buffer, and options if there are any. */
const received = (recv: Float64Array, expected: readonly number[], ...[send, options]: unknown[]): Buffers => ({
  args: [send, recv, ...(options === undefined ? [] : [options])],
  recv,
  expected,
})

const overwritten = (recv: Float64Array, expected: readonly number[], options: unknown): Buffers => ({
  args: [recv, options],
  recv,
  expected,
})

const CASES: readonly Case[] = [
  {
    call: 'bcast',
    what: 'the root',
    mine: () => {
      const send = doubles(1, 2)
      return { args: [send], send }
    },
    theirs: () => [doubles(0, 0)],
  },
  {
    call: 'bcast',
    what: 'not the root',
    mine: () => overwritten(doubles(0, 0), [7, 8], { root: 1 }),
    theirs: () => [doubles(7, 8), { root: 1 }],
  },
  {
    call: 'gather',
    mine: () => {
      const send = doubles(1)
      return { ...received(doubles(0, 0), [1, 2], send), send }
    },
    theirs: () => [doubles(2)],
  },
  {
    call: 'gather',
    what: 'not the root',
    mine: () => {
      const send = doubles(1, 2)
      return { args: [send, undefined, { root: 1 }], send }
    },
    theirs: () => [doubles(3, 4), new Float64Array(4), { root: 1 }],
  },
  {
    call: 'gatherv',
    what: 'with gaps',
    mine: () => {
      const send = doubles(1)
      const options = { counts: [1, 2], displs: [3, 1] }
      return { ...received(doubles(GAP, 0, 0, 0, GAP), [GAP, 5, 6, 1, GAP], send, options), send }
    },
    theirs: () => [doubles(5, 6), undefined, { counts: [1, 2] }],
  },
  {
    call: 'scatterv',
    what: 'the root, with gaps',
    mine: () => {
      const send = doubles(1, GAP, 2, 3)
      return { args: [send, IN_PLACE, { counts: [1, 2], displs: [0, 2] }], send }
    },
    theirs: () => [undefined, new Float64Array(2), {}],
  },
  {
    call: 'scatter',
    mine: () => received(doubles(0, 0), [5, 6], undefined, { root: 1 }),
    theirs: () => [doubles(5, 6, 7, 8), new Float64Array(2), { root: 1 }],
  },
  {
    call: 'allgather',
    what: 'in place',
    mine: () => received(doubles(3, 0), [3, 4], IN_PLACE),
    theirs: () => [doubles(4), new Float64Array(2)],
  },
  {
    call: 'allgatherv',
    mine: () => {
      const send = doubles(3)
      const options = { counts: [1, 1], displs: [2, 0] }
      return { ...received(doubles(0, GAP, 0), [4, GAP, 3], send, options), send }
    },
    theirs: () => [doubles(4), new Float64Array(2), { counts: [1, 1] }],
  },
  {
    call: 'alltoall',
    mine: () => {
      const send = doubles(1, 2)
      return { ...received(doubles(0, 0), [1, 3], send), send }
    },
    theirs: () => [doubles(3, 4), new Float64Array(2)],
  },
  {
    call: 'alltoallv',
    what: 'with gaps on both sides',
    mine: () => {
      const send = doubles(1, GAP, 2)
      const ones = [1, 1]
      const options = { sendCounts: ones, recvCounts: ones, sendDispls: [0, 2], recvDispls: [2, 0] }
      return { ...received(doubles(0, GAP, 0), [3, GAP, 1], send, options), send }
    },
    theirs: () => [doubles(3, 4), new Float64Array(2), { sendCounts: [1, 1], recvCounts: [1, 1] }],
  },
  {
    call: 'reduce',
    mine: () => {
      const send = doubles(1, 2)
      return { ...received(doubles(0, 0), [11, 22], send, { op: SUM }), send }
    },
    theirs: () => [doubles(10, 20), undefined, { op: SUM }],
  },
  {
    call: 'reduce',
    what: 'not the root',
    mine: () => {
      const send = doubles(1, 2)
      return { args: [send, undefined, { op: SUM, root: 1 }], send }
    },
    theirs: () => [doubles(10, 20), new Float64Array(2), { op: SUM, root: 1 }],
  },
  ...['allreduce', 'scan'].map((call) => ({
    call,
    mine: (): Buffers => {
      const send = doubles(1, 2)
      const result = call === 'scan' ? [1, 2] : [11, 22]
      return { ...received(doubles(0, 0), result, send, { op: SUM }), send }
    },
    theirs: () => [doubles(10, 20), new Float64Array(2), { op: SUM }],
  })),
  {
    call: 'allreduce',
    what: 'in place',
    mine: () => received(doubles(0, 2), [10, 22], IN_PLACE, { op: SUM }),
    theirs: () => [IN_PLACE, doubles(10, 20), { op: SUM }],
  },
  ...['reduceScatter'].map((call) => ({
    call,
    mine: (): Buffers => {
      const send = doubles(1, 2)
      return { ...received(doubles(0), [11], send, { op: SUM }), send }
    },
    theirs: () => [doubles(10, 20), new Float64Array(1), { op: SUM }],
  })),
  ...['neighborAllgather', 'neighborAlltoall'].map((call) => ({
    call,
    what: 'beside the edge of a grid',
    comm: 'grid' as const,
    mine: (): Buffers => {
      const across = call === 'neighborAlltoall'
      const send = across ? doubles(GAP, 1) : doubles(1)
      return { ...received(doubles(GAP, 0), [GAP, 5], send), send }
    },
    theirs: () => [call === 'neighborAlltoall' ? doubles(5, 6) : doubles(5), new Float64Array(2)],
  })),
  {
    call: 'neighborAlltoallv',
    what: 'both buffers in one array',
    comm: 'grid',
    mine: () => {
      const field = doubles(GAP, 1, 0)
      const options = { sendCounts: [0, 1], sendDispls: [0, 1], recvCounts: [0, 1], recvDispls: [0, 2] }
      return { args: [field, field, options], recv: field, expected: [GAP, 1, 5] }
    },
    theirs: () => [doubles(5), new Float64Array(1), { sendCounts: [1, 0], recvCounts: [1, 0] }],
  },
  {
    call: 'bcast',
    what: 'to the other side',
    comm: 'inter',
    mine: () => overwritten(doubles(0, 0), [7, 8], { root: 0 }),
    theirs: () => [doubles(7, 8), { root: ROOT }],
  },
  {
    call: 'allreduce',
    what: 'of the other side',
    comm: 'inter',
    mine: () => {
      const send = doubles(1, 2)
      return { ...received(doubles(0, 0), [10, 20], send, { op: SUM }), send }
    },
    theirs: () => [doubles(10, 20), new Float64Array(2), { op: SUM }],
  },
  {
    call: 'reduce',
    what: 'of the other side',
    comm: 'inter',
    mine: () => received(doubles(0, 0), [10, 20], undefined, { op: SUM, root: ROOT }),
    theirs: () => [doubles(10, 20), undefined, { op: SUM, root: 0 }],
  },
]

type Pair = readonly [Intracomm, Intracomm]

/** The two communicators of a case. */
async function pair(comm: Case['comm']): Promise<Pair> {
  const worlds = checkedWorlds(2)
  const made = worlds.map((world): Promise<unknown> => {
    if (comm === 'grid') return Cartcomm.create(world, { dims: [2] })
    if (comm === undefined) return Promise.resolve(world)
    return world
      .split(world.rank)
      .then((half) => Intercomm.create(half as Intracomm, { peer: world, remoteLeader: 1 - world.rank }))
  })
  return (await Promise.all(made)) as unknown as Pair
}

/** Makes a call; what waits for its end. */
function begin(comm: Intracomm, form: Form, call: string, args: readonly unknown[]): () => Promise<unknown> {
  if (form !== 'blocking') {
    const request = start(comm, form, call, args)
    return () => request.wait()
  }
  const ended = make(comm, form, call, args)
  ended.catch(() => undefined) // the test looks later
  return () => ended
}

const TOUCHED = ['nothing', 'send', 'recv', 'gaps'] as const
/** Where a buffer is touched. */
const elementOf = (touched: (typeof TOUCHED)[number], { send, recv }: Buffers): [buffer: Float64Array, at: number] => {
  if (touched === 'send') return [send ?? doubles(), send?.findIndex((value) => value !== GAP) ?? -1]
  if (touched === 'recv') return [recv ?? doubles(), recv?.indexOf(0) ?? -1]
  const buffer = [send, recv].find((one) => touched === 'gaps' && one?.includes(GAP)) ?? doubles()
  return [buffer, buffer.indexOf(GAP)]
}

for (const form of FORMS)
  for (const { call, what, mine, theirs, comm } of CASES)
    for (const touched of TOUCHED) {
      if (touched !== 'nothing' && elementOf(touched, mine())[1] === -1) continue
      const name = { blocking: call, nonblocking: `i${call}`, persistent: `${call}Init` }[form]
      t.test(`${name}${what === undefined ? '' : `, ${what}`}: ${touched} is changed`, async (t) => {
        const [zero, one] = await pair(comm)
        const buffers = mine()
        const { args, recv, expected } = buffers
        const before = [...(recv ?? [])]
        const [buffer, at] = elementOf(touched, buffers)
        const [ends, other] = [begin(zero, form, call, args), begin(one, form, call, theirs())]
        for (const [i, value] of before.entries()) {
          if (value === GAP) t.equal(recv?.[i], GAP, 'what is not of the call stays')
          if (value === 0) t.ok(Number.isNaN(recv?.[i]), 'who reads too early reads no numbers')
        }
        if (at >= 0) buffer[at] = 9
        const error = await ends().catch((error: unknown) => error)
        await other()
        const until = form === 'blocking' ? `end of the ${call}: is an await missing?` : 'wait or test that completed the request' // prettier-ignore
        if (touched === 'send' || touched === 'recv')
          t.match(error, {
            code: 'MPI_ERR_BUFFER',
            message: `${name}: the ${touched === 'send' ? 'send' : 'receive'} buffer was changed between ${name} at prog.ts:1:1 and the ${until}`,
          })
        else t.notOk(error instanceof Error, String(error))
        const kept = expected?.map((value, i) => (touched === 'gaps' && buffer === recv && i === at ? 9 : value))
        if (recv !== undefined) t.same([...recv], kept)
      })
    }

t.test('buffers of calls under way that overlap', async (t) => {
  const [zero, one] = await pair(undefined)
  const memory = new Float64Array(6)
  const refused = (call: string, other: string): { code: string; message: string } => ({
    code: 'MPI_ERR_BUFFER',
    message: `${call}: the buffer overlaps that of a call under way (${other} at prog.ts:1:1)`,
  })
  const [send, recv] = [memory.subarray(0, 2), memory.subarray(2, 4)]
  const requests = [zero.iallreduce(send, recv, { op: SUM })]
  t.throws(() => zero.ibcast(memory.subarray(3)), refused('ibcast', 'iallreduce'), 'of two that write')
  t.throws(() => zero.irecv(memory.subarray(1, 2)), refused('irecv', 'iallreduce'), 'what one reads another writes')
  t.throws(() => zero.isend(recv, { dest: 1 }), refused('isend', 'iallreduce'), 'what one writes another reads')
  await t.rejects(zero.bcast(recv), refused('bcast', 'iallreduce'), 'a blocking call too')
  requests.push(zero.ibcast(send), zero.ibcast(memory.subarray(4)))
  t.same([...send], [0, 0], 'two may read the same')
  const theirs = new Float64Array(2)
  await one.allreduce(doubles(1, 2), theirs, { op: SUM })
  for (const request of [one.ibcast(theirs), one.ibcast(theirs.slice())]) await request.wait()
  for (const request of requests) await request.wait()
  t.same([...memory], [0, 0, 1, 2, 0, 0])
  await Promise.all([zero.bcast(recv), one.bcast(theirs)])
  t.same([...theirs], [1, 2], 'afterwards they are the program’s')
})

t.test('buffers of one call that overlap', async (t) => {
  const [zero] = await pair('grid')
  const memory = new Float64Array(2)
  t.throws(() => (zero as Cartcomm).ineighborAlltoall(memory, memory), {
    code: 'MPI_ERR_BUFFER',
    message: 'ineighborAlltoall: the send and the receive buffer overlap',
  })
  t.same([...memory], [0, 0])
})

t.test('a call that fails leaves its buffers as they were', async (t) => {
  const [zero, one] = await pair(undefined)
  const buffer = doubles(1, 2, 3)
  const request = zero.ibcast(buffer, { root: 1 })
  t.ok(buffer.every(Number.isNaN))
  await one.bcast(doubles(5, 6), { root: 1 })
  await t.rejects(request.wait(), { code: 'MPI_ERR_COUNT' })
  t.same([...buffer], [1, 2, 3])
})

t.test('strided buffers are watched element by element', async (t) => {
  const [zero, one] = await pair(undefined)
  const data = doubles(0, GAP, 0, GAP)
  const column = { data, shape: [2], stride: [2], offset: 0 }
  for (const touch of [1, 2]) {
    const request = zero.ibcast(column, { root: 1 })
    t.same([...data], [NaN, GAP, NaN, GAP])
    data[touch] = touch === 1 ? GAP : 4
    await one.bcast(doubles(5, 6), { root: 1 })
    if (touch === 1) await request.wait()
    else await t.rejects(request.wait(), { code: 'MPI_ERR_BUFFER', message: /ibcast: the receive buffer was changed/ })
    t.same([...data], [5, GAP, 6, GAP])
  }
})

t.test('strided buffers of calls under way that overlap', async (t) => {
  const [zero, one] = await pair(undefined)
  const data = new Float64Array(12)
  const column = (offset: number) => ({ data, shape: [4], stride: [3], offset })
  const requests = [zero.iallgather(doubles(1, 2), column(0)), zero.iallgather(doubles(3, 4), column(1))]
  t.throws(() => zero.ibcast(column(1)), {
    code: 'MPI_ERR_BUFFER',
    message: 'ibcast: the buffer overlaps that of a call under way (iallgather at prog.ts:1:1)',
  })
  t.throws(() => zero.isend(data.subarray(3, 4), { dest: 1 }), { code: 'MPI_ERR_BUFFER' }, 'what it writes')
  const counts = [1, 1]
  requests.push(zero.iallgatherv(doubles(5), column(2), { counts, displs: [0, 3] }))
  const gap = zero.irecv(data.subarray(5, 6), { source: 1 })
  t.ok(gap.active, 'the gap between the blocks of a vector call is the program’s')
  t.throws(() => zero.irecv(data.subarray(11), { source: 1 }), { code: 'MPI_ERR_BUFFER' })
  for (const values of [doubles(6, 7), doubles(8, 9)]) await one.allgather(values, new Float64Array(4))
  await one.allgatherv(doubles(10), new Float64Array(2), { counts, displs: [0, 1] })
  for (const request of requests) await request.wait()
  t.same(
    [...data].filter((value) => !Number.isNaN(value)),
    [1, 3, 5, 2, 4, 6, 8, 0, 7, 9, 10],
  )
})

t.test('persistent calls are watched from each start to the wait that completes it', async (t) => {
  const ranks = await pair(undefined)
  const buffers = ranks.map(() => [doubles(1), doubles(0)] as const)
  const requests = ranks.map((rank, i) => {
    const [send, recv] = buffers[i] as (typeof buffers)[number]
    return rank.allreduceInit(send, recv, { op: SUM })
  })
  for (const value of [5, 6]) {
    for (const [send, recv] of buffers) [send[0], recv[0]] = [value, -1] // between the runs they are the program's
    startAll(requests)
    t.ok(Number.isNaN(buffers[0]?.[1][0]), 'who reads too early reads no numbers')
    await waitAll(requests)
    t.same(buffers[0]?.[1][0], 2 * value)
  }
})
