/** Prints "ok" on rank 1 when a message beyond 4 GiB has come from rank 0 unchanged. */
import { run } from 'tsmpi'
import { LENGTH, MARKS, wrongMarks } from '../../helpers/large-messages.ts'

await run(async ({ world, alloc, free, log }) => {
  const shared = alloc(Float64Array, LENGTH)
  if (world.rank === 0) {
    for (const mark of MARKS) shared[mark] = mark + 1
    await world.send(shared, { dest: 1, tag: 1 })
  } else {
    const received = new Float64Array(LENGTH + 1)
    const { count, nbytes } = await world.recv(received, { source: 0, tag: 1 })
    log(wrongMarks(received) ?? (count === LENGTH && nbytes === 8 * LENGTH ? 'ok' : `count ${count}, ${nbytes} bytes`))
  }
  free(shared)
})
