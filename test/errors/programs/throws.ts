/** Rank 1 throws; what the others do meanwhile is the first argument: recv, compute, sleep, print. */
import { run } from 'tsmpi'

await run(async ({ world, argv, log }) => {
  if (world.rank === 1) throw new Error('the deliberate failure') // line 5
  switch (argv[0]) {
    case 'recv':
      await world.recv(new Float64Array(1), { source: 1 })
      break
    case 'compute':
      for (let x = 0; ; x = Math.sin(x)) if (x > 2) log(x)
    case 'sleep':
      await new Promise((resolve) => setTimeout(resolve, 60_000))
  }
})
