/**
 * Start to end of a hello program on one agent and on as many agents as ranks, started by --agent-command on this machine, in
 * turns; and the least that Node itself needs for that: as many threads in one process, or a process for each.
 *
 * Usage, after `npm run build`: npm run bench:agents -- [--agents 8] [--repeats 9] [--json FILE]
 */
import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { median } from 'mathjs'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { JSON_FILE } from './json-file.ts'

const { agents, repeats, json } = yargs(hideBin(process.argv))
  .usage('Time from start to end with one agent and with several')
  .option('agents', { type: 'number', default: 8, describe: 'ranks, and agents in the second case' })
  .option('repeats', { type: 'number', default: 9, describe: 'runs of each' })
  .option('json', JSON_FILE)
  .strict()
  .parseSync()

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
/** With it every process of Node reads certificates when it starts, which says nothing of us. */
const { NODE_EXTRA_CA_CERTS: certificates, ...env } = process.env
if (certificates !== undefined)
  console.log(
    'NODE_EXTRA_CA_CERTS is set here, and left out: with it each start of Node reads certificates for some 10 ms more',
  )
const LAUNCHER = [root('dist/runtime/launcher/tsmpirun.js'), '-n', String(agents), '--agent-command', 'env']
const THREADS = `const { Worker } = require('node:worker_threads'); for (let i = 0; i < +process.argv[1]; i++) new Worker('', { eval: true })`

function job(hosts: readonly string[]): Promise<void> {
  const args = [...LAUNCHER, '-H', hosts.join(','), root('examples/01-hello.ts')]
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env })
  if (status !== 0) throw new Error(`tsmpirun ended with ${status}: ${stderr}`)
  return Promise.resolve()
}

/** Processes of Node at once, each with so many threads that do nothing. */
async function bare(processes: number, threads: number): Promise<void> {
  const ends = Array.from({ length: processes }, () => {
    const child = spawn(process.execPath, ['-e', THREADS, String(threads)], { stdio: 'ignore', env })
    return new Promise((resolve) => child.on('exit', resolve))
  })
  await Promise.all(ends)
}

const names = Array.from({ length: agents }, (_, index) => `h${index}:1`)
const cases = [
  { name: 'one agent', run: () => job([`h0:${agents}`]), ms: [] as number[] },
  { name: `${agents} agents`, run: () => job(names), ms: [] as number[] },
  { name: `bare Node, ${agents} threads`, run: () => bare(1, agents), ms: [] as number[] },
  { name: `bare Node, ${agents} processes of one thread`, run: () => bare(agents, 1), ms: [] as number[] },
]
for (let run = 0; run < repeats; run++)
  for (const each of cases) {
    const begin = performance.now()
    await each.run()
    each.ms.push(performance.now() - begin)
  }

const [one, several, threads, processes] = cases.map(({ ms }) => median(...ms)) as [number, number, number, number]
for (const { name, ms } of cases)
  console.log(
    `${name.padEnd(40)} median ${median(...ms)
      .toFixed(0)
      .padStart(5)} ms`,
  )
console.log(`ratio ${(several / one).toFixed(2)}; of bare Node ${(processes / threads).toFixed(2)}`)
if (json !== undefined) {
  const rows = cases.map(({ name, ms }) => ({ group: `${agents} ranks`, name, values: ms }))
  writeFileSync(json, `${JSON.stringify({ benchmark: 'start on several agents', unit: 'ms', agents, rows })}\n`)
}
