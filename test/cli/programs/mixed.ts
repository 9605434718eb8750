/** Uses a CommonJS file, and holds text that looks like code. */
import { run } from 'tsmpi'
import lib from './modules/lib.cjs'

await run(({ log }) => log(`${typeof lib.sep}, text import.meta.url`))
