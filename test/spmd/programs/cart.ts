/** Prints where a reordered 2 x 2 grid puts each rank, and the hosts of its row and column. */
import { Cartcomm, Grid, run, SUM } from 'tsmpi'

await run(async ({ world, log }) => {
  const cart = await Cartcomm.create(world, { dims: [4, 2], periods: [true, false], reorder: true })
  const grid = await Grid.create(world, { nprow: 4, npcol: 2, order: 'auto' })
  if (cart === undefined || grid === undefined) throw new Error('8 ranks expected')
  const halo = new Int32Array(4).fill(-1)
  await cart.neighborAllgather(Int32Array.of(cart.rank), halo)
  const apart = cart.sources.filter((rank) => rank >= 0 && cart.hosts.hostOf[rank] !== cart.hosts.hostOf[cart.rank])
  const total = await cart.allreduce(apart.length, { op: SUM })
  if (String(halo) !== String(cart.sources.map((rank) => Math.max(rank, -1))))
    throw new Error(`halo is ${String(halo)}`)
  if (cart.rank === 0) log(`${world.hosts.count} hosts, ${total / 2} neighbours apart, grid by ${grid.order}`)
  grid.free()
  cart.free()
})
