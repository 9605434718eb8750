/** Plays random programs, as many as the first argument says, and prints "ok" per rank, or what differs from the model. */
import fc from 'fast-check'
import { run } from 'tsmpi'
import { expected, isSame, play, programFor } from '../../helpers/random-programs.ts'

await run(async ({ world, argv, log }) => {
  const [programs = '', seed = ''] = argv
  const plans = fc.sample(programFor(world.size), { numRuns: Number(programs), seed: Number(seed) })
  for (const [number, plan] of plans.entries()) {
    const took = await play(world, plan)
    if (!isSame(took, expected(plan, world.rank)))
      log(
        `program ${number}: took ${JSON.stringify([...took])}, expected ${JSON.stringify([...expected(plan, world.rank)])}`,
      )
  }
  log('ok')
})
