// A program in JavaScript, loaded as it is.
import { run } from 'tsmpi'

await run(({ world, log }) => log(`plain ${world.rank}`))
