/** Messages of every kind, for the trace: blocking, nonblocking, large, collective. With an argument it then waits for ever. */
import { run, SUM, waitAll } from 'tsmpi'

await run(async ({ world, log, argv }) => {
  const { rank, size } = world
  const right = (rank + 1) % size
  const left = (rank + size - 1) % size
  const small = new Float64Array(4)
  const large = new Float64Array(40_000)
  await world.sendrecv(small, new Float64Array(4), { dest: right, source: left, sendTag: 3 })
  await waitAll([
    world.irecv(new Float64Array(40_000), { source: left, tag: 9 }),
    world.isend(large, { dest: right, tag: 9 }),
  ])
  await world.allreduce(rank, { op: SUM })
  if (argv[0] === 'throw' && rank === 1) throw new Error('deliberate')
  log('the messages are through')
  // One rank has a rest, or fails then.
  if (argv[0] === 'late' && rank === 1) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    log('the others wait')
    if (argv[1] === 'throw') throw new Error('deliberate')
    await new Promise((resolve) => setTimeout(resolve, 60_000))
  }
  if (argv[0] === 'collective' && rank !== 1) await world.barrier()
  if (argv[0] !== undefined) await world.recv(small, { source: left, tag: 99 })
})
