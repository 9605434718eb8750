/** Pairs of programs: one makes a mistake that the runtime names, the other does it right. Arguments: which, `wrong` or `right`. */
import { Cartcomm, MAX, run, SUM, waitAll, type Intracomm } from 'tsmpi'

const doubles = (n: number): Float64Array => new Float64Array(n)

type Program = (world: Intracomm, wrong: boolean) => Promise<unknown>

const PROGRAMS: Record<string, Program> = {
  /** The buffer is too short for the message. */
  truncated: async (world, wrong) => {
    if (world.rank === 0) await world.send(doubles(4), { dest: 1, tag: 2 })
    if (world.rank === 1) await world.recv(doubles(wrong ? 3 : 5), { source: 0, tag: 2 })
  },

  /** The same with a message that waits in its sender's memory. */
  'truncated-large': async (world, wrong) => {
    if (world.rank === 0) await world.send(doubles(100_000), { dest: 1 })
    if (world.rank === 1) await world.recv(doubles(wrong ? 99_999 : 100_000), { source: 0 })
  },

  type: async (world, wrong) => {
    if (world.rank === 0) await world.send(new Float32Array(2), { dest: 1 })
    if (world.rank === 1) await world.recv(wrong ? doubles(2) : new Float32Array(2), { source: 0 })
  },

  /** A call on a communicator that has been given back; its requests may still be completed. */
  freed: async (world, wrong) => {
    const twin = await world.dup()
    const request = twin.iallreduce(1, { op: SUM })
    twin.free()
    await request.wait()
    if (wrong) await twin.barrier()
    else await world.barrier()
  },

  'freed-send': async (world, wrong) => {
    const twin = await world.dup()
    const comm = wrong ? twin : world
    twin.free()
    const other = world.rank ^ 1
    await comm.sendrecv(doubles(1), doubles(1), { dest: other, source: other })
  },

  collective: async (world, wrong) => {
    if (wrong && world.rank === 1) await world.allreduce(1, { op: SUM })
    else await world.barrier()
  },

  /** Two kinds of making communicators: whichever rank finds it out tells its line. */
  making: async (world, wrong) => {
    const made = wrong && world.rank === 1 ? world.dup() : Cartcomm.create(world, { dims: [2] })
    const comm = await made
    comm?.free()
  },

  operation: (world, wrong) => world.allreduce(world.rank, { op: wrong && world.rank === 1 ? MAX : SUM }),

  count: (world, wrong) => world.bcast(doubles(wrong && world.rank === 1 ? 3 : 2)),

  /** Both are roots: a later call finds what was sent, at the latest the one after the next message. */
  root: async (world, wrong) => {
    await world.bcast(doubles(1), { root: wrong ? world.rank : 0 })
    for (let i = 0; i < 2; i++) await world.barrier()
  },

  /** The buffer is written while the message may still be read from it. */
  reuse: async (world, wrong) => {
    const buffer = doubles(10)
    const other = world.rank ^ 1
    const requests = [world.isend(buffer, { dest: other }), world.irecv(doubles(10), { source: other })]
    if (wrong) buffer[3] = 1
    await waitAll(requests)
    buffer[3] = 1
  },

  /** The same with a send that nobody awaits. */
  forgotten: async (world, wrong) => {
    const buffer = doubles(10)
    const other = world.rank ^ 1
    const sent = world.send(buffer, { dest: other })
    if (!wrong) await sent
    buffer[3] = 1
    await world.recv(doubles(10), { source: other })
  },

  /** The same with both buffers of a sendrecv. */
  exchange: async (world, wrong) => {
    const [sent, received] = [doubles(10), doubles(10)]
    const other = world.rank ^ 1
    const exchanged = world.sendrecv(sent, received, { dest: other, source: other })
    if (!wrong) await exchanged
    sent[3] = 1
    await world.barrier()
    await exchanged
  },

  /** The buffer is read before the message is there: it holds no numbers then. */
  early: async (world, wrong) => {
    const buffer = doubles(1)
    const other = world.rank ^ 1
    const receive = world.irecv(buffer, { source: other })
    await world.send(Float64Array.of(5), { dest: other })
    if (!wrong) await receive.wait()
    if (buffer[0] !== 5) throw new Error(`read ${buffer[0]} before the wait`)
  },

  overlap: async (world, wrong) => {
    const memory = doubles(10)
    const other = world.rank ^ 1
    const halves = [memory.subarray(0, wrong ? 6 : 5), memory.subarray(5)]
    const receives = halves.map((half, tag) => world.irecv(half, { source: other, tag }))
    for (const tag of [0, 1]) await world.send(doubles(5), { dest: other, tag })
    await waitAll(receives)
  },

  /** Two columns of a matrix stored by rows interleave, which is right, or are the same. */
  'overlap-columns': async (world, wrong) => {
    const data = doubles(6)
    const other = world.rank ^ 1
    const columns = [0, wrong ? 0 : 1].map((offset) => ({ data, shape: [2], stride: [3], offset }))
    const receives = columns.map((column, tag) => world.irecv(column, { source: other, tag }))
    for (const tag of [0, 1]) await world.send(doubles(2), { dest: other, tag })
    await waitAll(receives)
  },

  /** All messages are received into one buffer, before or after their waits, whether they are there or not. */
  'overlap-arrived': async (world, wrong) => {
    const buffer = doubles(1)
    const other = world.rank ^ 1
    for (let i = 0; i < 2; i++) await world.send(doubles(1), { dest: other })
    await world.barrier()
    const first = world.irecv(buffer, { source: other })
    if (!wrong) await first.wait()
    const second = world.irecv(buffer, { source: other })
    await waitAll([first, second])
  },

  /** A message is received into a buffer that a send may still read. */
  'overlap-sent': async (world, wrong) => {
    const buffer = doubles(10)
    const other = world.rank ^ 1
    const sent = world.isend(buffer, { dest: other })
    await world.recv(wrong ? buffer : doubles(10), { source: other })
    await sent.wait()
  },

  /** The same of collective calls. */
  'collective-reuse': async (world, wrong) => {
    const [mine, sum] = [doubles(10), doubles(10)]
    const request = world.iallreduce(mine, sum, { op: SUM })
    if (wrong) mine[3] = 1
    await request.wait()
    mine[3] = 1
  },

  'collective-forgotten': async (world, wrong) => {
    const buffer = doubles(10)
    const told = world.bcast(buffer)
    if (!wrong) await told
    buffer[3] = 1
    await world.barrier()
    await told
  },

  'collective-early': async (world, wrong) => {
    const all = doubles(2)
    const request = world.iallgather(Float64Array.of(5), all)
    if (!wrong) await request.wait()
    if (all[1] !== 5) throw new Error(`read ${all[1]} before the wait`)
  },

  'collective-overlap': async (world, wrong) => {
    const memory = doubles(4)
    const requests = [world.iallgather(doubles(1), memory.subarray(0, 2)), world.ibcast(memory.subarray(wrong ? 1 : 2))]
    await waitAll(requests)
  },

  /** A halo exchange in one array: what goes and what comes lie apart, or not. */
  'halo-overlap': async (world, wrong) => {
    const ring = await Cartcomm.create(world, { dims: [2], periods: [true] })
    const field = doubles(4)
    const request = ring?.neighborAlltoallInit(field.subarray(0, 2), field.subarray(wrong ? 1 : 2, wrong ? 3 : 4))
    request?.start()
    await request?.wait()
    request?.free()
    ring?.free()
  },

  rank: (world, wrong) => {
    const size = wrong ? world.size + 1 : world.size
    const right = (world.rank + 1) % size
    return world.sendrecv(doubles(1), doubles(1), { dest: right })
  },

  /** A slip in the name of an option, which types do not catch in an object made elsewhere. */
  option: async (world, wrong) => {
    const other = world.rank ^ 1
    const where = wrong ? { dest: other, tga: 7 } : { dest: other, tag: 7 }
    await world.send(doubles(1), where)
    await world.recv(doubles(1), { source: other })
  },

  /** A persistent request is started again before it has been completed. */
  start: async (world, wrong) => {
    const other = world.rank ^ 1
    const request = world.recvInit(doubles(1), { source: other })
    for (let step = 0; step < 2; step++) {
      request.start()
      await world.send(doubles(1), { dest: other })
      if (!wrong) await request.wait()
    }
  },
}

await run(async ({ world, argv: [which = '', how] }) => {
  await PROGRAMS[which]?.(world, how === 'wrong')
})
