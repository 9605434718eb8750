/** Prints where its modules are, then fails in one of them. */
import { run } from 'tsmpi'
import { fail, here } from './inner/part.ts'

type Url = string // compiled code has other lines

await run(({ log }) => {
  const urls: Url[] = [import.meta.url, here]
  for (const url of urls) log(url.replace(/^.*programs\//, ''))
  fail()
})
