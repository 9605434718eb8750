/** Standard input for the ranks of a host, whenever it comes. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { RankInput } from '../../../runtime/agent/rank-input.ts'

const READS = `
  const { parentPort } = require('node:worker_threads')
  const parts = []
  process.stdin.on('data', (part) => parts.push(part)).on('end', () => parentPort.postMessage(String(Buffer.concat(parts))))`

const END = Buffer.alloc(0)

/** What a thread reads whose input does this. */
async function readBy(feed: (input: RankInput, admit: () => void, ask: () => void) => void): Promise<string> {
  const input = new RankInput(() => undefined)
  const worker = new Worker(READS, { eval: true, stdin: true })
  feed(
    input,
    () => input.admit(worker),
    () => input.asked(worker),
  )
  const [text] = (await once(worker, 'message')) as [string]
  await worker.terminate()
  return text
}

t.test('a rank gets all of standard input: before it is there, before it reads, and after', async (t) => {
  const parts = ['one ', 'two ', 'three ', 'four'].map((text) => Buffer.from(text))
  for (let admitted = 0; admitted <= parts.length; admitted++)
    for (let asked = admitted; asked <= parts.length; asked++) {
      const text = await readBy((input, admit, ask) => {
        for (const [index, part] of [...parts, END].entries()) {
          if (index === admitted) admit()
          if (index === asked) ask()
          input.feed(part)
        }
      })
      t.equal(text, 'one two three four', `admitted at ${admitted}, asked at ${asked}`)
    }
})
