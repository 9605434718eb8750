/**
 * Ping-pong: what does a message cost?
 *
 * Two ranks throw a message to and fro. Half a round trip is the time of one message; over many sizes it shows the two
 * numbers every network has: alpha, the time of the shortest message, and beta, the time of each further byte. Times go
 * to standard error, so that standard output is the same in every run:
 *
 *     tsmpirun -n 2 examples/04-ping-pong.ts
 *     tsmpirun -n 2 --emulate-hosts 2 examples/04-ping-pong.ts     # the same between two hosts
 */
import { run } from 'tsmpi'

const SIZES = [8, 1024, 131_072, 1_048_576]
const ROUNDS = 200

await run(async ({ world, log, alloc, free }) => {
  const partner = 1 - world.rank
  if (world.size < 2) throw new Error('ping-pong takes two: start it with tsmpirun -n 2')
  if (world.rank > 1) return // the others watch

  for (const nbytes of SIZES) {
    // Memory of `alloc` is shared by the ranks of a host: the receiver copies straight out of it.
    const ball = alloc(Int32Array, nbytes / 4)
    const start = performance.now()
    for (let round = 0; round < ROUNDS; round++) {
      if (world.rank === 0) {
        ball[0]++
        await world.send(ball, { dest: partner })
        await world.recv(ball, { source: partner })
      } else {
        await world.recv(ball, { source: partner })
        ball[0]++
        await world.send(ball, { dest: partner })
      }
    }
    const oneWayUs = ((performance.now() - start) / ROUNDS / 2) * 1000
    if (world.rank === 0) {
      log(`${nbytes} bytes: the ball was hit ${ball[0]} times`)
      console.error(`${nbytes} bytes: ${oneWayUs.toFixed(2)} us one way, ${(nbytes / oneWayUs).toFixed(1)} MB/s`)
    }
    free(ball)
  }
})
