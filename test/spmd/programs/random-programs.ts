/** Plays random programs, as many as the first argument says, and prints "ok" per rank, or what differs from the model. */
import fc from 'fast-check'
import { Cartcomm, Distgraph, Intercomm, run } from 'tsmpi'
import { communicators, play } from '../../helpers/random-player.ts'
import { programFor } from '../../helpers/random-programs.ts'

await run(async ({ world, argv, log }) => {
  const [programs = '', seed = ''] = argv
  const plans = fc.sample(programFor(world.size), { numRuns: Number(programs), seed: Number(seed) })
  const comms = await communicators(world, { Cartcomm, Distgraph, Intercomm })
  for (const [number, plan] of plans.entries())
    for (const failure of await play(comms, plan)) log(`program ${number} of seed ${seed}: ${failure}`)
  comms.free()
  log('ok')
})
