/**
 * Ring: a token travels from rank to rank and comes home.
 *
 * Every rank receives from its left neighbour, adds its number and passes the token on; rank 0 sets out first and
 * receives last. If rank 0 received first like the others, everyone would wait for a message that nobody has sent: the
 * smallest deadlock there is.
 */
import { run } from 'tsmpi'

await run(async ({ world, log }) => {
  const { rank, size } = world
  const right = (rank + 1) % size
  const left = (rank - 1 + size) % size
  const token = new Int32Array(1)

  if (rank === 0) {
    await world.send(token, { dest: right })
    await world.recv(token, { source: left })
    log(`rank 0: the token is back and carries ${token[0]}, the sum of 0 to ${size - 1}`)
  } else {
    await world.recv(token, { source: left })
    token[0] += rank
    log(`rank ${rank}: the token carries ${token[0]} now`)
    await world.send(token, { dest: right })
  }
})
