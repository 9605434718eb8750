/** Says which signals it hears; ends when it has heard SIGUSR2 twice. Until then it waits for a message that never comes. */
import { run } from 'tsmpi'

await run(async ({ world, log }) => {
  let heard = 0
  for (const name of ['SIGUSR1', 'SIGUSR2', 'SIGCONT'])
    process.on(name, (signal: string, number: number) => {
      log(`rank ${world.rank} hears ${signal} ${number}`)
      if (signal === 'SIGUSR2' && ++heard === 2) process.exit(0)
    })
  log(`rank ${world.rank} listens`)
  await world.recv(new Int8Array(1))
})
