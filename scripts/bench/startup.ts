/**
 * Start, one line a rank, end: `tsmpirun -n 4 examples/01-hello.ts` against `mpirun -np 4` of the same in C, in turns.
 *
 * Usage, after `npm run build`: npm run bench:startup -- [--ranks 4] [--repeats 15] [--json FILE]
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { max, median, min } from 'mathjs'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { showProgress } from '../../commands/progress.ts'
import { JSON_FILE } from './json-file.ts'
import { compileMpiPeer, mpirunArguments } from './peers.ts'

const { ranks, repeats, json } = yargs(hideBin(process.argv))
  .usage('Time from start to end of a hello program, ours against Open MPI')
  .option('ranks', { type: 'number', default: 4, describe: 'ranks of each job' })
  .option('repeats', { type: 'number', default: 15, describe: 'runs of each command, after one that does not count' })
  .option('json', JSON_FILE)
  .strict()
  .parseSync()

interface Contender {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly ms: number[]
}

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const launcher = [root('dist/runtime/launcher/tsmpirun.js'), '-n', String(ranks)]
const contenders: Contender[] = [
  {
    name: 'tsmpirun 01-hello.ts',
    command: process.execPath,
    args: [...launcher, root('examples/01-hello.ts')],
    ms: [],
  },
]
const peer = compileMpiPeer('hello')
if (peer === undefined) console.log('No mpicc found: without the peer (Debian: openmpi-bin libopenmpi-dev).')
else contenders.push({ name: 'mpirun hello.c', command: 'mpirun', args: mpirunArguments(ranks, peer), ms: [] })

const progress = showProgress(process.stderr, { total: (repeats + 1) * contenders.length, terminalOnly: true })
for (let run = 0; run <= repeats; run++)
  for (const contender of contenders) {
    progress.begin(contender.name)
    const ms = time(contender)
    if (run > 0) contender.ms.push(ms)
    progress.end()
  }
progress.stop()

for (const { name, ms } of contenders)
  console.log(`${name.padEnd(24)} median ${text(median(ms))} ms   range ${text(min(ms))} to ${text(max(ms))} ms`)
const [ours, theirs] = contenders
const ratio = theirs === undefined ? undefined : median(ours?.ms.map((ms, i) => ms / (theirs.ms[i] as number)) ?? [])
if (ratio !== undefined) console.log(`ratio, run by run        median ${ratio.toFixed(2)}`)
if (json !== undefined)
  writeFileSync(json, `${JSON.stringify({ ranks, ratio, runs: contenders.map(({ name, ms }) => ({ name, ms })) })}\n`)

function time({ name, command, args }: Contender): number {
  const begin = performance.now()
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  const ms = performance.now() - begin
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`)
  return ms
}

function text(ms: number): string {
  return ms.toFixed(0).padStart(4)
}
