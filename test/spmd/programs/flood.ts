/**
 * Floods: rank 0 sends, rank 1 first receives nothing. `awaited MESSAGES` awaits each send; `outstanding MESSAGES` posts all
 * sends at once, and rank 1 waits until it has been told of all of them; `receives MESSAGES` posts all receives, which are
 * then met in the opposite order. Rank 1 prints a line of JSON: messages that were lost, doubled or not in order, and the
 * most by which its process has grown.
 */
import { run, waitAll } from 'tsmpi'

const NUMBERS = 128 // 1 KiB
const LOOKS = 200_000

await run(async ({ world, argv, log }) => {
  const [mode, count] = argv
  const messages = Number(count)
  const numbered = (i: number): Float64Array => new Float64Array(NUMBERS).fill(i)

  async function send(): Promise<void> {
    if (mode === 'awaited') for (let i = 0; i < messages; i++) await world.send(numbered(i), { dest: 1 })
    else if (mode === 'outstanding') {
      const sends = Array.from({ length: messages }, (_, i) => world.isend(numbered(i), { dest: 1 }))
      await world.send(new Int8Array(0), { dest: 1, tag: 1 })
      await waitAll(sends)
    } else {
      await world.recv(new Int8Array(0), { source: 1 })
      for (let i = messages - 1; i >= 0; i--) await world.send(numbered(i), { dest: 1, tag: i })
    }
  }

  async function look(): Promise<void> {
    // The last message has come: so have all before it, or word of them.
    if (mode === 'outstanding') await world.probe({ source: 0, tag: 1 })
    else for (let n = 0; n < LOOKS; n++) world.iprobe({ source: 0 })
  }

  async function receiveInOrder(grown: () => void): Promise<number> {
    const data = new Float64Array(NUMBERS)
    let wrong = 0
    for (let i = 0; i < messages; i++) {
      if (i % 1000 === 0) grown()
      await world.recv(data, { source: 0, tag: 0 })
      if (data.some((value) => value !== i)) wrong++
    }
    if (mode === 'outstanding') await world.recv(new Int8Array(0), { source: 0, tag: 1 })
    return wrong
  }

  async function receivePosted(): Promise<number> {
    const buffers = Array.from({ length: messages }, () => new Float64Array(NUMBERS))
    const receives = buffers.map((buffer, tag) => world.irecv(buffer, { source: 0, tag }))
    await world.send(new Int8Array(0), { dest: 0 })
    await waitAll(receives)
    return buffers.filter((buffer, i) => buffer.some((value) => value !== i)).length
  }

  if (world.rank === 0) await send()
  if (world.rank !== 1) return
  const before = process.memoryUsage.rss()
  let most = before
  const grown = (): void => void (most = Math.max(most, process.memoryUsage.rss()))
  if (mode !== 'receives') await look()
  const wrong = await (mode === 'receives' ? receivePosted() : receiveInOrder(grown))
  log(JSON.stringify({ wrong, grown: most - before }))
})
