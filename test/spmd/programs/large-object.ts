/** An object with an array of 2.5 GiB inside goes from rank 0 to rank 1. Prints ok, or what came. */
import { run } from 'tsmpi'

const NBYTES = 2.5 * 2 ** 30

await run(async ({ world, log }) => {
  if (world.rank === 0) {
    const bytes = new Uint8Array(NBYTES)
    bytes[NBYTES - 1] = 7
    return void (await world.isendObject({ name: 'large', bytes }, { dest: 1 }).wait())
  }
  const { value } = await world.recvObject<{ name: string; bytes: Uint8Array }>({ source: 0 })
  const { name, bytes } = value
  const right = name === 'large' && bytes.length === NBYTES && bytes[0] === 0 && bytes[NBYTES - 1] === 7
  log(right ? 'ok' : `${name} ${bytes.length} ${bytes[NBYTES - 1]}`)
})
