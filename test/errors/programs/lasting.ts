/** All ranks meet; then rank 0 says so and everybody computes, or waits, for ever. */
import { run } from 'tsmpi'

await run(async ({ world, argv, log }) => {
  await world.barrier()
  if (world.rank === 0) log('all there')
  if (argv[0] === 'compute') for (let x = 0; x <= 2; x = Math.sin(x));
  await world.recv(new Int8Array(1))
})
