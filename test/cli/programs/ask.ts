/** Rank 0 reads one line and ceases to read, in one of the ways there are; rank 1 writes it. Arguments: what is read, the way. */
import { appendFileSync } from 'node:fs'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { run } from 'tsmpi'

await run(async ({ world, argv, log }) => {
  const [input = '', how] = argv
  if (world.rank === 1) return appendFileSync(input, '42\n')
  log(`rank 0 read ${await firstLine(how)}`)
})

async function firstLine(how: string | undefined): Promise<string> {
  if (how === 'break') for await (const chunk of process.stdin) return String(chunk).trim()
  if (how === 'close') {
    const lines = createInterface({ input: process.stdin })
    const [line] = (await once(lines, 'line')) as [string]
    lines.close()
    return line
  }
  const [chunk] = (await once(process.stdin, 'data')) as [Buffer]
  process.stdin.destroy()
  return chunk.toString().trim()
}
