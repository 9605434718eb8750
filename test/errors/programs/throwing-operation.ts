/** The operation of a reduction throws on one rank, which says so late; all ranks fail by that. The first argument is the rank. */
import { Op, run } from 'tsmpi'

await run(async ({ world, argv }) => {
  const bad = world.rank === Number(argv[0])
  const op = Op.create(
    (x, y) => {
      if (bad) throw new RangeError('no more of this')
      for (let i = 0; i < y.length; i++) y[i] = Number(x[i]) + Number(y[i])
    },
    { commutative: true },
  )
  try {
    await world.allreduce(Float64Array.of(1), new Float64Array(1), { op })
  } catch (error) {
    if (bad && argv[1] === 'caught') return
    // The others' complaints come first.
    if (bad) await new Promise((resolve) => setTimeout(resolve, 50))
    throw error
  }
})
