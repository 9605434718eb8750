/**
 * What does a message cost? Two ranks throw messages of growing size to and fro, then one of them finds out up to which
 * size a send is complete while nobody receives it. Try it by hand with: npx tsmpirun -n 2 wire.ts
 */
import { run } from 'tsmpi'

const SIZES = [8, 64, 512, 4096, 16_384, 65_536, 262_144, 1_048_576]

await run(async ({ world, log, argv }) => {
  const partner = 1 - world.rank
  for (const nbytes of SIZES) {
    // Small messages more often: the first ones are slow, since the program is compiled while it runs.
    const rounds = argv.includes('quick') ? 3 : nbytes <= 4096 ? 300 : 30
    const ball = new Uint8Array(nbytes)
    let shortest = Infinity
    for (let round = 0; round < rounds; round++) {
      await world.barrier()
      const began = performance.now()
      if (world.rank === 0) {
        await world.send(ball, { dest: partner })
        await world.recv(ball, { source: partner })
      } else {
        await world.recv(ball, { source: partner })
        await world.send(ball, { dest: partner })
      }
      shortest = Math.min(shortest, performance.now() - began)
    }
    // Two messages are to and fro.
    const us = (shortest * 1000) / 2
    if (world.rank === 0) log(JSON.stringify({ nbytes, us }))
  }

  // A small send is complete at once: its bytes wait at the receiver. A large one waits for a receive.
  let eager = 0
  for (let nbytes = 1024; nbytes <= 262_144; nbytes *= 2) {
    const message = new Uint8Array(nbytes)
    await world.barrier()
    if (world.rank === 0) {
      const request = world.isend(message, { dest: 1 })
      if (request.poll()) eager = nbytes
      await world.barrier()
      await request.wait()
    } else {
      await world.barrier() // rank 0 has looked by now
      await world.recv(message, { source: 0 })
    }
  }
  if (world.rank === 0) log(JSON.stringify({ eager }))
})
