/**
 * Arguments and handles of point-to-point calls. What the messages do is in the checks that run over every transport,
 * test/helpers/point-to-point-checks.ts.
 */
import t from 'tap'
import {
  Cartcomm,
  ANY_SOURCE,
  PROC_NULL,
  SUM,
  TAG_UB,
  UNDEFINED,
  testAll,
  testAny,
  testSome,
  waitAll,
  waitAny,
  waitSome,
  type AlltoallvOptions,
  type BlockOptions,
  type Intracomm,
} from '../../../index.ts'
import { runRanks } from '../../../testing.ts'
import { checkedWorlds } from '../../helpers/checked-ranks.ts'

const two = new Float64Array(2)
const transferred = new Float64Array(2)
structuredClone(transferred, { transfer: [transferred.buffer] })
const nothing = undefined as unknown
const options = nothing as { dest: number }

t.test('wrong arguments throw the error class of the standard with the value and what is allowed', async (t) => {
  await runRanks(2, async ({ world }) => {
    if (world.rank !== 0) return
    const cases: [() => unknown, string][] = [
      [() => world.send(two, { dest: 2 }), 'MPI_ERR_RANK: send: dest is 2, expected 0..1 or PROC_NULL'],
      [() => world.isend(two, { dest: -1 }), 'MPI_ERR_RANK: isend: dest is -1, expected 0..1 or PROC_NULL'],
      [() => world.ssend(two, { dest: 0.5 }), 'MPI_ERR_RANK: ssend: dest is 0.5, expected 0..1 or PROC_NULL'],
      [() => world.send(two, { dest: 0, tag: -1 }), `MPI_ERR_TAG: send: tag is -1, expected 0..${TAG_UB}`],
      [
        () => world.send(two, { dest: 0, tag: TAG_UB + 1 }),
        `MPI_ERR_TAG: send: tag is ${TAG_UB + 1}, expected 0..${TAG_UB}`,
      ],
      [() => world.send(two, { dest: 0, tag: null as unknown as number }), 'MPI_ERR_TAG: send: tag is null, expected'],
      [() => world.recv(two, { source: 9 }), 'MPI_ERR_RANK: recv: source is 9, expected 0..1, ANY_SOURCE or PROC_NULL'],
      [() => world.irecv(two, { tag: 1.5 }), `MPI_ERR_TAG: irecv: tag is 1.5, expected 0..${TAG_UB} or ANY_TAG`],
      [() => world.probe({ source: 2 }), 'MPI_ERR_RANK: probe: source is 2, expected 0..1, ANY_SOURCE or PROC_NULL'],
      [() => world.iprobe({ tag: -2 }), `MPI_ERR_TAG: iprobe: tag is -2, expected 0..${TAG_UB} or ANY_TAG`],
      [() => world.recvObject({ source: 3 }), 'MPI_ERR_RANK: recvObject: source is 3, expected'],
      [() => world.sendObject(() => 0, { dest: 1 }), 'MPI_ERR_TYPE: sendObject: a function cannot be sent: '],
      [() => world.sendrecv(two, two, { dest: 5 }), 'MPI_ERR_RANK: sendrecv: dest is 5'],
      [() => world.send(5 as unknown as Float64Array, { dest: 1 }), 'MPI_ERR_BUFFER: send: the buffer is 5, expected'],
      [
        () => world.send(nothing as Float64Array, { dest: 1 }),
        'MPI_ERR_BUFFER: send: the buffer is undefined, expected',
      ],
      [() => world.recv(nothing as Float64Array), 'MPI_ERR_BUFFER: recv: the buffer is undefined, expected'],
      [() => world.send(transferred, { dest: 1 }), 'MPI_ERR_BUFFER: send: the buffer cannot be used: '],
      [() => world.bcast(transferred), 'MPI_ERR_BUFFER: bcast: the buffer cannot be used: '],
      [() => world.send(two, options), 'MPI_ERR_RANK: send: dest is undefined, expected 0..1'],
      [() => world.isend(two, options), 'MPI_ERR_RANK: isend: dest is undefined, expected 0..1'],
      [() => world.sendInit(two, options), 'MPI_ERR_RANK: sendInit: dest is undefined, expected 0..1'],
      [() => world.sendObject(1, options), 'MPI_ERR_RANK: sendObject: dest is undefined, expected 0..1'],
      [() => world.sendrecv(two, two, options), 'MPI_ERR_RANK: sendrecv: dest is undefined, expected 0..1'],
      [() => world.sendrecvReplace(two, options), 'MPI_ERR_RANK: sendrecvReplace: dest is undefined, expected 0..1'],
      [() => world.sendrecvObject(1, options), 'MPI_ERR_RANK: sendrecvObject: dest is undefined, expected 0..1'],
    ]
    for (const [call, message] of cases) t.match(await refusal(call), message)
  })
})

t.test('options that a call does not know are refused, also by calls that would do without any', async (t) => {
  const source = { src: 0 } as { source?: number }
  const root = { rot: 1 } as { root?: number }
  const number = 1 as unknown as { source?: number; root?: number }
  const recv = 'expected { source, tag, signal }'
  await runRanks(2, async ({ world }) => {
    if (world.rank !== 0) return
    const cases: [() => unknown, string][] = [
      [() => world.recv(two, source), `MPI_ERR_ARG: recv: there is no option "src", ${recv}`],
      [() => world.irecv(two, number), `MPI_ERR_ARG: irecv: the options are 1, ${recv}`],
      [() => world.probe(source), 'MPI_ERR_ARG: probe: there is no option "src"'],
      [() => world.improbe(source), 'MPI_ERR_ARG: improbe: there is no option "src"'],
      [() => world.recvInit(two, source), 'MPI_ERR_ARG: recvInit: there is no option "src"'],
      [() => world.recvObject(source), 'MPI_ERR_ARG: recvObject: there is no option "src"'],
      [
        () => world.sendrecv(two, two.slice(), { dest: 1, ...source }),
        'MPI_ERR_ARG: sendrecv: there is no option "src", expected { dest, source, sendTag, recvTag }',
      ],
      [
        () => world.sendrecvReplace(two, { dest: 1, ...source }),
        'MPI_ERR_ARG: sendrecvReplace: there is no option "src"',
      ],
      [
        () => world.sendrecvObject(two, { dest: 1, ...source }),
        'MPI_ERR_ARG: sendrecvObject: there is no option "src"',
      ],
      [() => world.bcast(two, number), 'MPI_ERR_ARG: bcast: the options are 1, expected { root }'],
      [() => world.igather(two, undefined, root), 'MPI_ERR_ARG: gather: there is no option "rot", expected { root }'],
      [() => world.scatterInit(two, two.slice(1), root), 'MPI_ERR_ARG: scatter: there is no option "rot"'],
      [
        () => world.gatherv(two, two.slice(), { counts: [1, 1], ...root }),
        'MPI_ERR_ARG: gatherv: there is no option "rot", expected { root, counts, displs }',
      ],
      [
        () => world.reduce(1, { op: SUM, ...root }),
        'MPI_ERR_ARG: reduce: there is no option "rot", expected { root, op }',
      ],
      [() => world.gatherObject(1, root), 'MPI_ERR_ARG: gatherObject: there is no option "rot"'],
      [() => world.bcast(two, { root: 0, ...root }), 'MPI_ERR_ARG: bcast: there is no option "rot"'],
      [
        () => world.reduce(1, { op: SUM, root: 0, ...root }),
        'MPI_ERR_ARG: reduce: there is no option "rot", expected { root, op }',
      ],
      [() => world.scatterObject([1, 2], { root: 0, ...root }), 'MPI_ERR_ARG: scatterObject: there is no option "rot"'],
      ...misspeltBlocks(world),
    ]
    for (const [call, message] of cases) t.match(await refusal(call), message)
  })
})

t.test('with --check every name is looked at', async (t) => {
  const world = checkedWorlds(2)[0] as Intracomm
  const slip = { tga: 7 }
  const cases: [() => unknown, string][] = [
    [
      () => world.send(two, { dest: 1, ...slip }),
      'MPI_ERR_ARG: send: there is no option "tga", expected { dest, tag }',
    ],
    [() => world.isend(two, { dest: 1, ...slip }), 'MPI_ERR_ARG: isend: there is no option "tga"'],
    [() => world.ssendInit(two, { dest: 1, ...slip }), 'MPI_ERR_ARG: ssendInit: there is no option "tga"'],
    [() => world.sendObject(1, { dest: 1, ...slip }), 'MPI_ERR_ARG: sendObject: there is no option "tga"'],
    [
      () => world.recv(two, { source: 1, ...slip }),
      'MPI_ERR_ARG: recv: there is no option "tga", expected { source, tag, signal }',
    ],
    [() => world.irecv(two, { source: 1, ...slip }), 'MPI_ERR_ARG: irecv: there is no option "tga"'],
    [() => world.iprobe({ source: 1, ...slip }), 'MPI_ERR_ARG: iprobe: there is no option "tga"'],
    [
      () => world.sendrecv(two, two.slice(), { dest: 1, source: 1, ...slip }),
      'MPI_ERR_ARG: sendrecv: there is no option "tga", expected { dest, source, sendTag, recvTag }',
    ],
  ]
  for (const [call, message] of cases) t.match(await refusal(call), message)
  await world.send(two, { dest: PROC_NULL, tag: 7 })
  await world.recv(two, { source: PROC_NULL, tag: 7, signal: new AbortController().signal })
})

t.test(
  'options that are null, and what is no communicator or key, are refused as other wrong arguments are',
  async (t) => {
    const none = null as never
    await runRanks(2, async ({ world }) => {
      if (world.rank !== 0) return
      const receiving: Record<string, (() => unknown)[]> = {
        recv: [() => world.recv(two, none)],
        irecv: [() => world.irecv(two, none)],
        recvInit: [() => world.recvInit(two, none)],
        recvObject: [() => world.recvObject(none)],
        irecvObject: [() => world.irecvObject(none)],
        probe: [() => world.probe(none)],
        iprobe: [() => world.iprobe(none)],
        mprobe: [() => world.mprobe(none)],
        improbe: [() => world.improbe(none)],
      }
      const sending: Record<string, (() => unknown)[]> = {
        send: [() => world.send(two, none)],
        ssend: [() => world.ssend(two, none)],
        isend: [() => world.isend(two, none)],
        issend: [() => world.issend(two, none)],
        sendInit: [() => world.sendInit(two, none)],
        sendObject: [() => world.sendObject(1, none)],
        isendObject: [() => world.isendObject(1, none)],
      }
      const exchanging: Record<string, (() => unknown)[]> = {
        sendrecv: [() => world.sendrecv(two, two.slice(), none)],
        sendrecvReplace: [() => world.sendrecvReplace(two, none)],
        sendrecvObject: [() => world.sendrecvObject(1, none)],
      }
      for (const [calls, names] of [
        [receiving, 'source, tag, signal'],
        [sending, 'dest, tag'],
        [exchanging, 'dest, source, sendTag, recvTag'],
      ] as const)
        for (const [call, [make]] of Object.entries(calls))
          t.equal(
            await refusal(make as () => unknown),
            `MPI_ERR_ARG: ${call}: the options are null, expected { ${names} }`,
          )
      const waiting: Record<string, () => unknown> = {
        wait: () => world.ibarrier().wait(none),
        waitAll: () => waitAll([], none),
        waitAny: () => waitAny([], none),
        waitSome: () => waitSome([], none),
      }
      for (const [call, make] of Object.entries(waiting))
        t.equal(await refusal(make), `MPI_ERR_ARG: ${call}: the options are null, expected { signal }`)
      const founding: [() => unknown, string][] = [
        [() => world.dup(none), 'dup: the options are null, expected { algorithms, reproducible }'],
        [() => world.dup({ algorithms: none }), 'dup: algorithms is null, expected { collective: algorithm }'],
        [() => world.createGroup(world.group, none), 'createGroup: the options are null, expected { tag }'],
      ]
      for (const [call, words] of founding) t.equal(await refusal(call), `MPI_ERR_ARG: ${words}`)
      t.match(await refusal(() => world.compare(none)), 'MPI_ERR_COMM: compare: other is null, expected a communicator')
      for (const call of ['setAttribute', 'getAttribute', 'deleteAttribute'] as const)
        t.match(
          await refusal(() => world[call](none, 1 as never)),
          `MPI_ERR_KEYVAL: ${call}: the key is null, expected one of Keyval.create`,
        )
      for (const call of ['allreduce', 'reduce', 'scan', 'exscan', 'iallreduce'] as const)
        t.match(
          await refusal(() => world[call](5n as never, { op: SUM } as never)),
          `MPI_ERR_BUFFER: ${call.replace('ia', 'a')}: the buffer is a bigint, expected`,
        )
    })
  },
)

/** Calls with blocks on two ranks, each with an option that there is not, or without counts. */
function misspeltBlocks(world: Intracomm): [() => unknown, string][] {
  const [four, none] = [new Float64Array(4), undefined as unknown as BlockOptions]
  const [pair, wrong] = [[1, 1], { count: [1, 1] } as unknown as BlockOptions]
  const exchanged = { sendCounts: pair, recvCounts: pair }
  const known = 'expected { counts, displs }'
  const each = 'expected { sendCounts, recvCounts, sendDispls, recvDispls }'
  return [
    [() => world.allgatherv(two, four, wrong), `MPI_ERR_ARG: allgatherv: there is no option "count", ${known}`],
    [() => world.allgatherv(two, four, none), `MPI_ERR_ARG: allgatherv: the options are undefined, ${known}`],
    [
      () => world.iallgatherv(two, four, {} as BlockOptions),
      'allgatherv: counts is undefined, expected 2 integers >= 0',
    ],
    [() => world.scattervInit(two, four, { root: 0, ...wrong }), 'scatterv: there is no option "count"'],
    [() => world.gatherv(two, four, { root: 1, ...wrong }), 'gatherv: there is no option "count"'],
    [
      () => world.alltoallv(two, four, { ...exchanged, sendCount: pair } as AlltoallvOptions),
      `MPI_ERR_ARG: alltoallv: there is no option "sendCount", ${each}`,
    ],
    [
      () => world.alltoallv(two, four, { sendCounts: pair } as unknown as AlltoallvOptions),
      'alltoallv: recvCounts is undefined, expected 2 integers >= 0',
    ],
    [
      () => world.ialltoallv(two, four, { ...exchanged, sendDispls: [0] }),
      'alltoallv: sendDispls is [0], expected 2 integers >= 0',
    ],
    [
      () => world.reduceScatter(two, four, { op: SUM, ...wrong }),
      'MPI_ERR_ARG: reduceScatter: there is no option "count", expected { op, counts }',
    ],
  ]
}

t.test('blocks that would be received into the same elements are refused; sent ones may overlap', async (t) => {
  await runRanks(2, async ({ world }) => {
    const [counts, displs] = [
      [2, 2],
      [1, 0],
    ]
    const six = new Float64Array(6)
    const told = 'the blocks 1 and 0 overlap: elements 0..1 and 1..2 of the receive buffer'
    const calls: [() => Promise<unknown>, string][] = [
      [() => world.allgatherv(two, six, { counts, displs }), `MPI_ERR_BUFFER: allgatherv: ${told}`],
      [() => world.iallgatherv(two, six, { counts, displs }).wait(), told],
      [() => world.alltoallv(six, six, { sendCounts: counts, recvCounts: counts, recvDispls: displs }), told],
    ]
    for (const [call, message] of calls) t.match(await refusal(call), message)
    if (world.rank === 0) t.match(await refusal(() => world.gatherv(two, six, { root: 0, counts, displs })), told)

    const mine = new Float64Array(2)
    await world.scatterv(Float64Array.of(7, 8, 9), mine, { root: 0, counts, displs })
    t.same([...mine], world.rank === 0 ? [8, 9] : [7, 8])
    await world.allgatherv(mine.subarray(0, world.rank), six, { counts: [0, 1], displs: [3, 3] })
    t.equal(six[3], 7)
    const line = (await Cartcomm.create(world, { dims: [2] })) as Cartcomm
    await line.neighborAllgatherv(Float64Array.of(line.rank), six, { counts: [1, 1], displs: [0, 0] })
    t.equal(six[0], 1 - line.rank, 'nothing comes from beyond the edge')
  })
})

async function refusal(call: () => unknown): Promise<string> {
  try {
    await call()
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}

t.test('a refused call of sendrecv leaves no receive behind', async (t) => {
  await runRanks(1, async ({ world }) => {
    await t.rejects(world.sendrecv(two, two, { dest: 7, source: 0 }), { code: 'MPI_ERR_RANK' })
    const data = new Float64Array(2)
    await Promise.all([world.recv(data, { source: 0 }), world.send(Float64Array.of(1, 2), { dest: 0 })])
    t.same([...data], [1, 2])
  })
})

t.test('PROC_NULL is a partner who says nothing and takes everything', async (t) => {
  await runRanks(1, async ({ world }) => {
    await world.send(two, { dest: PROC_NULL })
    const status = await world.recv(two, { source: PROC_NULL })
    t.match(status, { source: PROC_NULL, count: 0, nbytes: 0, cancelled: false })
    t.match(world.irecv(two, { source: PROC_NULL }).test(), { source: PROC_NULL })
    t.match(await world.probe({ source: PROC_NULL }), { source: PROC_NULL, count: 0 })
    const received = await world.recvObject({ source: PROC_NULL })
    t.match(received, { source: PROC_NULL, value: undefined })
  })
})

t.test('a freed communicator refuses every call, the others go on', async (t) => {
  await runRanks(2, async ({ world }) => {
    const comm = await world.dup()
    comm.free()
    const calls = [
      () => comm.send(two, { dest: 0 }),
      () => comm.recv(two),
      () => comm.barrier(),
      () => comm.dup(),
      () => comm.free(),
    ]
    for (const call of calls) t.match(await refusal(call), /MPI_ERR_COMM: \w+: the communicator has been freed/)
    await world.barrier()
  })
})

/** Rank 0 sends i to rank 1 with tag i, in the order given, one after the other as rank 1 asks for them. */
async function sendInTurn(world: Intracomm, tags: readonly number[]): Promise<void> {
  for (const tag of tags) {
    await world.recv(new Int32Array(0), { source: 1, tag: 99 })
    await world.send(Int32Array.of(tag), { dest: 1, tag })
  }
}

t.test('requests complete in the order of their messages, and every way to wait tells so', async (t) => {
  await runRanks(2, async ({ world }) => {
    if (world.rank === 0) return sendInTurn(world, [2, 0, 1, 3])
    const buffers = [0, 1, 2, 3].map(() => new Int32Array(1))
    const requests = buffers.map((buffer, tag) => world.irecv(buffer, { source: 0, tag }))
    const next = (): Promise<void> => world.send(new Int32Array(0), { dest: 0, tag: 99 })

    t.equal(testAny(requests), undefined)
    t.equal(testAll(requests), undefined)
    t.same(testSome(requests), [])
    await next()
    t.match(await waitAny(requests), { index: 2, status: { source: 0, tag: 2, count: 1 } })
    t.equal(testAny(requests), undefined, 'a request whose status has been told is left out')
    await next()
    t.match(await requests[0]?.wait(), { tag: 0 })
    t.same(testSome(requests), [])
    t.equal(testAll(requests), undefined)
    await next()
    t.match(await waitSome(requests), [{ index: 1, status: { tag: 1 } }])
    await next()
    t.match(await waitSome(requests), [{ index: 3, status: { tag: 3 } }])
    for (const { index } of [await waitAny(requests), testAny(requests) ?? { index: 0 }]) t.equal(index, UNDEFINED)
    t.same(await waitSome(requests), [])
    t.same(
      (await waitAll(requests)).map(({ tag }) => tag),
      [0, 1, 2, 3],
      'the status stays',
    )
    t.same(
      testAll(requests)?.map(({ count }) => count),
      [1, 1, 1, 1],
    )
    t.same(
      buffers.map(([value]) => value),
      [0, 1, 2, 3],
    )
  })
})

t.test('waiting for any or all of no requests is over at once', async (t) => {
  t.equal((await waitAny([])).index, UNDEFINED)
  t.equal(testAny([])?.index, UNDEFINED)
  t.same(await waitSome([]), [])
  t.same(await waitAll([]), [])
  t.same(testAll([]), [])
  t.same(testSome([]), [])
})

t.test('waitAll throws what failed first in the list, after all have ended', async (t) => {
  await runRanks(2, async ({ world }) => {
    if (world.rank === 0) {
      for (const tag of [0, 1, 2]) await world.send(new Float64Array(tag === 1 ? 9 : 1), { dest: 1, tag })
      return
    }
    const requests = [0, 1, 2].map((tag) => world.irecv(new Float64Array(1), { source: 0, tag }))
    await t.rejects(waitAll(requests), { code: 'MPI_ERR_TRUNCATE' })
    t.match(requests[0]?.test(), { count: 1 })
    t.throws(() => requests[1]?.test(), { code: 'MPI_ERR_TRUNCATE' })
    t.match(requests[2]?.test(), { count: 1 })
  })
})

t.test('a cancelled receive says so in its status', async (t) => {
  await runRanks(1, async ({ world }) => {
    const request = world.irecv(two, { source: 0, tag: 4 })
    request.cancel()
    t.match(await request.wait(), { cancelled: true, count: 0 })
  })
})

t.test('two waiting probes of one rank each find a message of their own', async (t) => {
  await runRanks(2, async ({ world }) => {
    if (world.rank === 0) {
      await world.recv(new Int32Array(0), { source: 1 })
      for (const value of [1, 2]) await world.send(Int32Array.of(value), { dest: 1, tag: 3 })
      return
    }
    const take = async (): Promise<number | undefined> => {
      await world.probe({ source: ANY_SOURCE, tag: 3 })
      const data = new Int32Array(1)
      await world.recv(data, { source: 0, tag: 3 })
      return data[0]
    }
    const both = Promise.all([take(), take()])
    await world.send(new Int32Array(0), { dest: 0 })
    t.same(await both, [1, 2])
  })
})

t.test('10 000 receives outstanding at once each get their own message', async (t) => {
  await runRanks(2, async ({ world }) => {
    const tags = Array.from({ length: 10_000 }, (_, i) => i)
    if (world.rank === 0) {
      await waitAll(tags.map((tag) => world.isend(Int32Array.of(tag), { dest: 1, tag })).reverse())
      return
    }
    const data = new Int32Array(tags.length)
    const requests = tags.toReversed().map((tag) => world.irecv(data.subarray(tag, tag + 1), { source: 0, tag }))
    await waitAll(requests)
    t.equal(
      data.findIndex((value, tag) => value !== tag),
      -1,
    )
  })
})
