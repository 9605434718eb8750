/** Prints what the first argument says; each rank on its own. */
import { run } from 'tsmpi'

await run(async ({ world, argv, log }) => {
  const [what, count = '1'] = argv
  if (what === 'streams') {
    process.stdout.write(`out of ${world.rank}\nno end`)
    process.stderr.write(`err of ${world.rank}\n`)
  }
  if (what === 'lines')
    for (let line = 0; line < Number(count); line++) log(`line ${line} of rank ${world.rank} ${'.'.repeat(1000)}`)
  if (what === 'input') {
    let text = ''
    for await (const chunk of process.stdin) text += String(chunk)
    log(`rank ${world.rank} read ${JSON.stringify(text)}`)
  }
  await world.barrier()
})
