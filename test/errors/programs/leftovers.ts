/** Programs that end and leave something behind, one for each first argument. */
import { Cartcomm, Grid, Keyval, run, SUM, type Intracomm, type RankContext } from 'tsmpi'

const word = (): Float64Array => new Float64Array(1)

/** What waits until main of rank 0 has returned. */
async function returnOfFirst({ world, self, alloc, sharedArrays }: RankContext): Promise<() => Promise<void>> {
  const [returned] = (await sharedArrays(world, alloc(Int32Array, 1))) as [Int32Array]
  if (world.rank === 0)
    self.setAttribute(Keyval.create({ delete: () => void Atomics.store(returned, 0, 1) }), undefined)
  return async () => {
    while (Atomics.load(returned, 0) === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}

const PROGRAMS: Record<string, (world: Intracomm, context: RankContext) => Promise<unknown>> = {
  unreceived: async (world) => {
    if (world.rank === 0) for (let i = 0; i < 3; i++) await world.send(word(), { dest: 1, tag: 5 })
    await world.barrier()
  },

  /** The receiver makes no call at all; the message comes before or after its main function returns. */
  ignored: async (world) => {
    if (world.rank === 0) await world.send(word(), { dest: 1, tag: 5 })
  },

  /** The receiver's thread has ended when the message is sent. */
  late: async (world, { alloc, sharedArrays }) => {
    const [gone] = (await sharedArrays(world, alloc(Int32Array, 1))) as [Int32Array]
    if (world.rank === 1) process.on('exit', () => Atomics.store(gone, 0, 1))
    else {
      while (Atomics.load(gone, 0) === 0) await new Promise((resolve) => setImmediate(resolve))
      for (let i = 0; i < 3; i++) await world.send(word(), { dest: 1, tag: 5 })
    }
  },

  /** All take themselves for the root. */
  roots: async (world) => {
    await world.bcast(word(), { root: world.rank })
  },

  matched: async (world) => {
    if (world.rank === 0) await world.send(word(), { dest: 1, tag: 5 })
    else await world.mprobe({ source: 0, tag: 5 })
  },

  receive: async (world) => {
    if (world.rank === 0) world.irecv(word(), { source: 1, tag: 9 })
    await world.barrier()
  },

  /** A message too large to be buffered, whose receiver never asks for it. */
  send: async (world) => {
    if (world.rank === 0) world.isend(new Float64Array(100_000), { dest: 1, tag: 3 })
    await world.barrier()
  },

  /** Nobody awaits the sends, which the receiver asks for when their rank is about to end. */
  unawaited: async (world, context) => {
    const returned = await returnOfFirst(context)
    if (world.rank === 0) {
      for (let i = 0; i < 3; i++) void world.send(new Float64Array(100_000), { dest: 1, tag: 3 })
    } else {
      await returned()
      for (let i = 0; i < 3; i++) await world.recv(new Float64Array(100_000), { source: 0, tag: 3 })
    }
  },

  /** The same of calls that take objects, or nothing. */
  'unawaited-objects': async (world, context) => {
    const returned = await returnOfFirst(context)
    if (world.rank === 0) {
      void world.recvObject({ source: 1, tag: 1 })
      void world.probe({ source: 1, tag: 2 })
      void world.mprobe({ source: 1, tag: 3 })
      world.irecvObject({ source: 1, tag: 4 })
      world.issendObject('large', { dest: 1, tag: 5 })
    } else {
      await returned()
      for (const tag of [1, 2, 3, 4]) await world.sendObject(tag, { dest: 0, tag })
      await world.recvObject({ source: 0, tag: 5 })
    }
  },

  /** The same of collective calls. */
  'unawaited-collective': async (world, context) => {
    const returned = await returnOfFirst(context)
    const again = world.bcastInit(word(), { root: 1 })
    if (world.rank === 1) await returned()
    const calls = [
      world.barrier(),
      world.iallreduce(new Float64Array(2000), new Float64Array(2000), { op: SUM }),
      world.split(0),
    ] as const
    again.start()
    if (world.rank === 0) return
    const [, request, half] = calls
    await request.wait()
    await again.wait()
    await calls[0]
    const made = await half
    made?.free()
  },

  communicator: async (world) => {
    const twin = await world.dup()
    twin.name = 'twin'
    await twin.barrier()
  },

  /** More requests than are told one by one. */
  'many waits': async (world) => {
    for (let i = 0; i < 20; i++) world.irecv(word(), { source: world.rank ^ 1, tag: 1 })
    for (let i = 0; i < 20; i++) await world.send(word(), { dest: world.rank ^ 1, tag: 1 })
    await world.barrier()
  },

  topology: async (world) => {
    const ring = await Cartcomm.create(world, { dims: [2], periods: [true] })
    await ring?.dup()
  },

  grid: async (world) => {
    await Grid.create(world, { nprow: 1, npcol: world.size })
  },

  /** The messages come, but no wait or test says so: found with --check. */
  wait: async (world) => {
    const other = world.rank ^ 1
    const requests = [world.irecv(word(), { source: other, tag: 1 }), world.irecvObject({ source: other, tag: 2 })]
    world.isend(word(), { dest: other, tag: 1 })
    world.isendObject('word', { dest: other, tag: 2 })
    while (!requests.every((request) => request.poll())) await new Promise((resolve) => setImmediate(resolve))
    await world.barrier()
  },

  /** The same of collective calls: one begun for once, one that can be started again. */
  'wait-collective': async (world) => {
    const request = world.iallreduce(word(), word(), { op: SUM })
    const again = world.barrierInit()
    again.start()
    const objects = world.bcastObjectInit('all', { root: 0 })
    objects.start()
    await world.barrier()
    await world.barrier()
    void request
  },

  /** Nothing is left behind. */
  clean: async (world) => {
    const grid = await Grid.create(world, { nprow: 1, npcol: world.size })
    const received = word()
    const request = world.irecv(received, { source: world.rank ^ 1, tag: 1 })
    const sent = world.isend(Float64Array.of(world.rank), { dest: world.rank ^ 1, tag: 1 })
    await request.wait()
    await sent.wait()
    if (received[0] !== (world.rank ^ 1)) throw new Error(`received ${received[0]}`)
    const cancelled = world.irecv(word(), { source: world.rank ^ 1, tag: 99 })
    cancelled.cancel()
    await cancelled.wait()
    grid?.free()
  },
}

await run(async (context) => {
  await PROGRAMS[context.argv[0] as string]?.(context.world, context)
})
