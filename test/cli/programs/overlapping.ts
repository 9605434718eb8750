/** Many nonblocking calls of each rank at once, of messages and collective, small and large, on two communicators. */
import { run, SUM, waitAll, type Intracomm, type Request } from 'tsmpi'

const MESSAGES = 12

await run(async ({ world }) => {
  const { rank, size } = world
  const half = (await world.split(rank % 2)) as Intracomm
  half.name = 'half'
  for (let round = 0; round < 6; round++) {
    const count = round % 3 === 0 ? 50_000 : 8
    const data = (): Float64Array => new Float64Array(count)
    const requests: Request[] = []
    for (let tag = 0; tag < MESSAGES; tag++) {
      const distance = 1 + (tag % (size - 1))
      requests.push(world.irecv(data(), { source: (rank - distance + size) % size, tag }))
      if (tag % 4 === 1) requests.push(world.iallreduce(data(), data(), { op: SUM }))
      requests.push(world.isend(data(), { dest: (rank + distance) % size, tag }))
      if (tag % 4 === 2) requests.push(half.iallgather(data(), new Float64Array(half.size * count)))
    }
    if (round % 2 === 0) await waitAll(requests)
    else for (const request of requests.reverse()) await request.wait()
  }
  half.free()
})
