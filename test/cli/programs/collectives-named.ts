/** Collective calls whose algorithms no table chooses, and a communicator with a name. */
import { Cartcomm, run, SUM } from 'tsmpi'

const add = (lower: number, upper: number): number => lower + upper

await run(async ({ world }) => {
  const { rank, size } = world
  const each = Array.from({ length: size }, (_, i) => i)
  await world.reduceScatterBlock(new Float64Array(size), new Float64Array(1), { op: SUM })
  await world.bcastObject(rank, { root: 0 })
  await world.gatherObject(rank, { root: 0 })
  await world.scatterObject(each, { root: 0 })
  await world.allgatherObject(rank)
  await world.alltoallObject(each)
  await world.reduceObject(rank, add, { root: 0 })
  await world.allreduceObject(rank, add)
  await world.scanObject(rank, add)
  const ring = await Cartcomm.create(world, { dims: [size], periods: [true] })
  if (ring === undefined) return
  ring.name = 'my ring'
  await ring.neighborAllgather(new Float64Array(1), new Float64Array(2))
  await ring.neighborAlltoallObject(['left', 'right'])
  ring.free()
})
