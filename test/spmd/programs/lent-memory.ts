/**
 * Rank 0 starts sends from memory of its own and ends without waiting for them; rank 1 receives when rank 0's thread is
 * gone. Prints what has come.
 */
import { existsSync, readlinkSync } from 'node:fs'
import { run } from 'tsmpi'

/** So long that the system takes the memory back at once when it is given up. */
const NBYTES = 48e6
const LIMIT_MS = 60_000

await run(async ({ world, log }) => {
  if (world.rank === 0) {
    await world.sendObject(`/proc/${readlinkSync('/proc/thread-self')}`, { dest: 1, tag: 9 })
    // What tells others of memory by its address is loaded when there is much to copy: the first is copied.
    for (const tag of [1, 2, 3]) world.isend(new Uint8Array(NBYTES).fill(tag), { dest: 1, tag })
    return
  }
  const { value: thread } = await world.recvObject<string>({ source: 0, tag: 9 })
  const end = performance.now() + LIMIT_MS
  while (existsSync(thread) && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 10))
  const bytes = new Uint8Array(NBYTES)
  const sums = []
  for (const tag of [1, 2, 3]) {
    await world.recv(bytes, { source: 0, tag })
    sums.push(bytes.reduce((sum, byte) => sum + byte, 0) / NBYTES)
  }
  log(`ended ${!existsSync(thread)}, received ${sums.join(' ')}`)
})
