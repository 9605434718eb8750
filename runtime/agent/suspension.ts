/**
 * Stops this agent with all its ranks until the launcher says go on: Ctrl-Z for a job on many hosts.
 *
 * A stopped process hears nothing, so a small process of its own reads the start channel meanwhile: it stops the agent,
 * waits for one packet, and makes the agent go on. It does so too when the channel closes: an agent whose launcher has
 * ended wakes up, finds that out and ends.
 */
import { spawn } from 'node:child_process'
import { HEADER } from './start-channel.ts'

/** Arguments: process to stop, bytes to wait for. The channel may be nonblocking: then it looks every 20 ms. */
const SLEEPER = `
  const { readSync } = require('node:fs')
  const [pid, nbytes] = process.argv.slice(1).map(Number)
  process.kill(pid, 'SIGSTOP')
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let left = nbytes; left > 0; ) {
    try {
      const got = readSync(0, Buffer.alloc(left))
      if (got === 0) break
      left -= got
    } catch (error) {
      if (error.code !== 'EAGAIN') break
      Atomics.wait(pause, 0, 0, 20)
    }
  }
  process.kill(pid, 'SIGCONT')
`

/** Returns at once. */
export function suspend(): void {
  process.stdin.pause()
  const sleeper = spawn(process.execPath, ['-e', SLEEPER, String(process.pid), String(HEADER)], {
    stdio: ['inherit', 'ignore', 'ignore'],
    detached: true,
    env: {},
  })
  for (const end of ['exit', 'error']) sleeper.once(end, () => process.stdin.resume())
}
