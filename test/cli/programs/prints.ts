/** Prints what the first argument says; each rank on its own. */
import { createInterface } from 'node:readline/promises'
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
  if (what === 'asks') {
    // Twice: who has stopped to read may begin again.
    for (let answers = 0; world.rank === 0 && answers < 2; answers++) {
      const terminal = createInterface({ input: process.stdin })
      log(`the answer is ${await terminal.question('?')}`)
      terminal.close()
    }
    await world.recv(new Int8Array(1), { source: 1 - world.rank })
  }
  await world.barrier()
})
