/** Hosts of several names that are one machine: the agents find out, and their ranks share its cores. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { tsmpirun } from '../helpers/tsmpirun.ts'

const skip = process.platform === 'linux' ? false : 'a machine has no name of its own but on Linux'

t.test('agents that --agent-command starts on one machine are told how many threads share it', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tsmpi-neighbours-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  // Keeps what the launcher says to each agent.
  const listening = `sh -c 'tee ${folder}/{host} | "$@"' sh`
  const hosts = ['-n', '3', '-H', 'one:1,two:2', '--agent-command', listening]
  const { code, stdout, stderr } = await tsmpirun([...hosts, 'examples/01-hello.ts'])
  t.equal(code, 0, stderr)
  t.match(stdout, /rank 2 of 3/)
  for (const host of ['one', 'two']) {
    const said = readFileSync(join(folder, host), 'latin1')
    t.match(said, '"busyThreads":5', 'three ranks and two agents')
    t.match(said, '"memoryShare":0.5')
  }
})
