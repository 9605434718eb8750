/** Rank 1 throws; what the others do meanwhile is the first argument. */
import { run } from 'tsmpi'

await run(async ({ world, argv, log }) => {
  if (world.rank === 1) {
    log('throwing')
    throw new Error('the deliberate failure')
  }
  switch (argv[0]) {
    case 'barrier':
      await world.barrier()
      break
    case 'recv':
      await world.recv(new Float64Array(1), { source: 1 })
      break
    case 'compute':
      for (let x = 0; x <= 2; x = Math.sin(x));
      break
    case 'sleep':
      await new Promise((resolve) => setTimeout(resolve, 60_000))
  }
})
