/**
 * Hello: the smallest parallel program. Start it with
 *
 *     tsmpirun -n 4 examples/01-hello.ts
 *
 * and this file runs four times at once. Each copy is a *rank*: it has a number of its own, its own variables, and no
 * way to look into the others but messages. The lines come in any order, because nobody waits for anybody.
 */
import { run } from 'tsmpi'

await run(({ world, log }) => {
  log(`Hello from rank ${world.rank} of ${world.size}`)
})
