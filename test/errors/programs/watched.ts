/** Rank 0 computes for ever, in a function, with the argument `main` in main itself, or with `poll` in calls; the others wait for it. */
import { run } from 'tsmpi'

function spin(): void {
  for (let x = 0; x <= 2; x = Math.sin(x));
}

await run(async ({ world, argv, log }) => {
  if (world.rank === 0) {
    await world.recv(new Int8Array(1), { source: 1 })
    log('computing')
    const never = world.irecv(new Int8Array(1), { source: 1, tag: 2 })
    while (argv[0] === 'poll') if (never.test() !== undefined) break
    if (argv[0] !== 'main') spin()
    // A loop that has been compiled while it runs.
    for (let x = 0; x <= 2; x = Math.sin(x));
  }
  await world.send(new Int8Array(1), { dest: 0 })
  await world.recv(new Int8Array(1), { source: 0, tag: 1 })
})
