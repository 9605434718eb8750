/** Programs that cannot go on, one for each first argument. */
import {
  ANY_SOURCE,
  Cartcomm,
  Distgraph,
  Grid,
  Intercomm,
  run,
  SUM,
  waitAll,
  waitAny,
  waitSome,
  type Intracomm,
} from 'tsmpi'

const word = (): Float64Array => new Float64Array(1)

const PROGRAMS: Record<string, (world: Intracomm) => Promise<unknown>> = {
  /** Each receives from the next before anybody sends. */
  ring: (world) => world.recv(word(), { source: (world.rank + 1) % world.size, tag: 7 }),

  /** The sender means tag 8. */
  tag: async (world) => {
    if (world.rank === 0) await world.recv(word(), { source: 1, tag: 7 })
    else if (world.rank === 1) await world.send(word(), { dest: 0, tag: 8 })
    await world.barrier()
  },

  /** Both send first. */
  ssend: async (world) => {
    const other = world.rank ^ 1
    await world.ssend(word(), { dest: other, tag: 1 })
    await world.recv(word(), { source: other, tag: 1 })
  },

  /** Both send messages that are too large to be buffered. */
  large: async (world) => {
    const other = world.rank ^ 1
    await world.send(new Float64Array(1_000_000), { dest: other })
    await world.recv(new Float64Array(1_000_000), { source: other })
  },

  /** Small messages are buffered: only --ssend-all finds this. */
  buffered: async (world) => {
    const other = world.rank ^ 1
    await world.send(word(), { dest: other })
    await world.recv(word(), { source: other })
  },

  wildcard: async (world) => {
    if (world.rank > 0) await world.send(word(), { dest: 0 })
    // One message more than there are.
    for (let i = 0; world.rank === 0 && i < world.size; i++) await world.recv(word(), { source: ANY_SOURCE })
    await world.barrier()
  },

  /** Rank 1 skips the second barrier. */
  skipped: async (world) => {
    await world.barrier()
    if (world.rank !== 1) await world.barrier()
    if (world.rank === 1) await world.recv(word(), { source: 0, tag: 3 })
  },

  /** Rank 0 leaves before the others are done. */
  ended: async (world) => {
    if (world.rank === 0) return
    await world.barrier()
  },

  /** Rank 0 is gone in the middle of main: in MPI, an exit without MPI_Finalize. */
  exited: async (world) => {
    if (world.rank === 0) process.exit(0)
    await world.barrier()
  },

  /** A root that differs: both only wait. */
  root: (world) => world.bcast(word(), { root: world.rank === 0 ? 1 : 0 }),

  self: (world) => world.recv(word(), { source: world.rank, tag: 2 }),

  communicator: async (world) => {
    const twin = await world.dup()
    if (world.rank === 0) await twin.recv(word(), { source: 1, tag: 4 })
    else await world.send(word(), { dest: 0, tag: 4 })
    await world.barrier()
  },

  requests: async (world) => {
    const requests = [1, 2].map((tag) => world.irecv(word(), { source: world.rank ^ 1, tag }))
    await waitAll(requests)
  },

  any: async (world) => {
    const requests = [1, 2].map((tag) => world.irecv(word(), { source: world.rank ^ 1, tag }))
    await waitAny(requests)
  },

  /** Rank 1 starts its persistent call once, the others twice. */
  'persistent-collective': async (world) => {
    const sum = world.allreduceInit(word(), word(), { op: SUM })
    for (let i = 0; i < (world.rank === 1 ? 1 : 2); i++) {
      sum.start()
      await sum.wait()
    }
    await world.barrier()
  },

  /** The others receive what rank 0 broadcasts: only all together can. */
  mixed: async (world) => {
    if (world.rank === 0) await world.bcast(word())
    else await world.recv(word(), { source: 0 })
  },

  /** Nobody awaits the send, which nobody receives. */
  forgotten: async (world) => {
    if (world.rank === 0) void world.send(new Float64Array(1_000_000), { dest: 1 })
    await world.barrier()
  },

  /** Several waits for the same receive. */
  several: async (world) => {
    const request = world.irecv(word(), { source: world.rank ^ 1, tag: 1 })
    await Promise.all([request.wait(), waitAny([request]), waitSome([request])])
  },

  /** Rank 1 of the other side is world rank 2. */
  intercommunicator: async (world) => {
    const side = Math.min(world.rank, 1)
    const half = (await world.split(side)) as Intracomm
    const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - side })
    if (side === 0) await inter.recv(word(), { source: 1, tag: 0 })
  },

  /** Somebody listens to signals, as packages do that tidy up at the end. */
  signals: async (world) => {
    for (const name of ['SIGUSR2', 'SIGALRM', 'SIGTERM', 'SIGHUP']) process.on(name, () => undefined)
    await world.recv(word(), { source: world.rank ^ 1, tag: 7 })
  },

  probe: (world) => world.probe({ source: world.rank ^ 1, tag: 5 }),

  /** Takes a message that nobody sends, and holds another of its sender's. */
  mprobe: async (world) => {
    if (world.rank === 1) await world.send(word(), { dest: 0, tag: 6 })
    if (world.rank === 0) await world.mprobe({ source: 1, tag: 5 })
    await world.barrier()
  },

  /** A persistent receive is started and its send is not. */
  persistent: async (world) => {
    const [dest, source] = [(world.rank + 1) % world.size, (world.rank + world.size - 1) % world.size]
    const exchange = [world.recvInit(word(), { source }), world.sendInit(word(), { dest })]
    exchange[0]?.start()
    await exchange[0]?.wait()
  },

  /** The same two nonblocking calls in different orders: each waits for the one that the other has not started. */
  nonblocking: async (world) => {
    const twin = await world.dup()
    const [first, second] = world.rank === 0 ? [world, twin] : [twin, world]
    await first.ibarrier().wait()
    await second.ibarrier().wait()
  },

  /** One side of an intercommunicator meets, the other waits for a message of it. */
  sides: async (world) => {
    const side = Math.min(world.rank, 1)
    const half = (await world.split(side)) as Intracomm
    const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - side })
    if (side === 0) await inter.barrier()
    else await inter.recv(word(), { source: 0, tag: 1 })
  },

  /** The last of a line talks to its neighbour before it takes part. */
  neighbours: async (world) => {
    const line = (await Cartcomm.create(world, { dims: [world.size] })) as Cartcomm
    if (line.rank === line.size - 1) await line.recv(word(), { source: line.rank - 1, tag: 1 })
    await line.neighborAllgather(word(), new Float64Array(2))
  },

  /** The last of a line leaves; the one before it waits, the others have what they need. */
  gone: async (world) => {
    const line = (await Cartcomm.create(world, { dims: [world.size] })) as Cartcomm
    if (line.rank < line.size - 1) await line.neighborAllgather(word(), new Float64Array(2))
  },

  /** Rank 1 is in the group and does not know. */
  createGroup: async (world) => {
    if (world.rank === 0) await world.recv(word(), { source: 1, tag: 7 })
    else await world.createGroup(world.group)
  },

  /** The leader of the other side does not come. */
  leaders: async (world) => {
    const half = (await world.split(world.rank)) as Intracomm
    if (world.rank === 0) await Intercomm.create(half, { peer: world, remoteLeader: 1, tag: 3 })
    else await world.recv(word(), { source: 0, tag: 3 })
  },

  /** Only some make the graph. */
  graph: async (world) => {
    if (world.rank === 0) await world.recv(word(), { source: 1 })
    else await Distgraph.createAdjacent(world, { sources: [], destinations: [] })
  },

  grid: async (world) => {
    const grid = await Grid.create(world, { nprow: 2, npcol: 2 })
    if (grid === undefined) return
    if (grid.myrow === 0) await grid.row.barrier()
    else await grid.column.barrier()
    await grid.all.barrier()
  },

  /** A message that a probe has taken is received by nothing else. */
  matched: async (world) => {
    if (world.rank === 1) await world.send(word(), { dest: 0, tag: 4 })
    if (world.rank !== 0) return
    await world.mprobe({ source: 1, tag: 4 })
    await world.recv(word(), { source: 1, tag: 4 })
  },

  /** Each is the root of a call too long to be sent unasked. */
  roots: async (world) => {
    await world.bcast(new Float64Array(800_000), { root: world.rank })
  },

  /** Nobody says that it is the root: all look for it on the other side. */
  rootless: async (world) => {
    const side = world.rank % 2
    const half = await world.split(side)
    if (half === undefined) return
    const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - side, tag: 3 })
    await inter.bcast(word(), { root: 0 })
  },

  /** One call has another root on one rank, which is seen much later. */
  'another root': async (world) => {
    for (let i = 0; i < 101; i++) await world.bcast(word(), { root: i === 50 && world.rank === 3 ? 1 : 0 })
    await world.barrier()
  },
}

await run(async ({ world, argv }) => {
  await PROGRAMS[argv[0] as string]?.(world)
})
