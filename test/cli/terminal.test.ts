/**
 * What commands and jobs show while they work: on a terminal of 80 columns a bar with the time left, in a pipe or on a terminal that
 * cannot move its cursor lines of plain text; tables and plots within 80 columns; no colour where none is wanted.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ALL } from '../helpers/effort.ts'
import { shell } from '../helpers/shell.ts'
import { allGone, descendants, start } from '../helpers/tsmpirun.ts'

const folder = mkdtempSync(join(tmpdir(), 'tsmpi-test-terminal-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const TSMPI = fileURLToPath(new URL('../../dist/tsmpi.js', import.meta.url))
const TSMPIRUN = fileURLToPath(new URL('../../dist/runtime/launcher/tsmpirun.js', import.meta.url))
const MESSAGES = fileURLToPath(new URL('../../scripts/bench/messages.ts', import.meta.url))

const BENCH = `node --import=tsx ${MESSAGES} latency --sizes 8 64 --repeats 2`

/** Short work of each command that takes long with its defaults. */
const COMMANDS = {
  tune: `node ${TSMPI} tune -n 2 --nbytes 8 --run-ms 0.1 -o ${join(folder, 'table.json')}`,
  sweep: `node ${TSMPI} hpl sweep --n 32,64 --nb 8 --grid 1x1 --blas wasm -o ${join(folder, '$$.jsonl')}`,
  doctor: `node ${TSMPI} doctor --emulate-hosts 2`,
  // Each of its contenders is a job or two.
  ...(ALL && { bench: BENCH }),
}
const BAR = /\[=*-*\] \d+\/\d+(, [\d.]+ (s|min).* left)?: \w/
const COLOUR = /\u001B\[\d+(;\d+)*m/

const skip = existsSync('/usr/bin/script') ? false : 'the program "script" is not there'

/** What a command writes to a terminal. */
async function onTerminal(settings: string, command: string): Promise<string> {
  const line = `env -u CI -u NO_COLOR -u FORCE_COLOR ${settings} script -qec "stty cols 80; ${command}" /dev/null`
  const { stdout, code } = await shell(line)
  if (code !== 0) throw new Error(`${line} ended with code ${code}:\n${stdout}`)
  return stdout
}

/** The lines that stay, without what moves the cursor. */
function staying(drawn: string): string[] {
  return drawn
    .split('\n')
    .map((line) => line.replace(/\r$/, '').split('\r').at(-1) ?? '')
    .map((line) => line.replaceAll(/^.*\u001B\[1G|\u001B[78]|\u001B\[\d?K/g, ''))
}

for (const [name, command] of Object.entries(COMMANDS))
  t.test(
    `${name} draws a bar on a terminal, within 80 columns, without colour if none is wanted`,
    { skip },
    async (t) => {
      const drawn = await onTerminal('TERM=xterm NO_COLOR=1', command)
      t.match(drawn, BAR)
      t.notMatch(drawn, COLOUR)
      t.notMatch(drawn, /\u001B\[\?/, 'no state of the terminal is changed')
      t.same(
        staying(drawn).filter((line) => line.length > 80 && !line.includes(folder)),
        [],
      )
    },
  )

t.test('tsmpirun draws how far a program is, below what it prints', { skip }, async (t) => {
  const drawn = await onTerminal('TERM=xterm', `cd ${folder}; node ${TSMPIRUN} -n 4 hpl`)
  t.match(drawn, /\u001B\[K\[=*-*\] \d+ %, [\d.]+ (s|min).* left: W\w+ N=\d+ NB=\d+ \d x \d/)
  t.notMatch(drawn, /\u001B\[\?/, 'no state of the terminal is changed')
  const lines = staying(drawn).map((line) => line.replace('\u001B[K', ''))
  t.same(
    lines.filter((line) => line.startsWith('[') || (line.length > 80 && !line.includes(folder))),
    [],
    'nothing of it stays',
  )
  t.equal(lines.filter((line) => line.endsWith('PASSED')).length, 864, 'nor does it take anything away')
  t.notMatch(await onTerminal('TERM=dumb', `cd ${folder}; node ${TSMPIRUN} -n 4 hpl`), /\u001B/)
})

t.test('when the terminal hangs up, the job ends without a trace of a crash', { skip }, async (t) => {
  const [errors, out] = ['errors', 'out'].map((name) => join(folder, name)) as [string, string]
  const program = `${TSMPIRUN} -n 2 --emulate-hosts 2 test/errors/programs/lasting.ts compute`
  const terminal = start(['-qec', `exec node ${program} 2>${errors} >${out}`, '/dev/null'], { program: 'script' })
  while (!(existsSync(out) && readFileSync(out, 'utf8').includes('all there'))) await delay(20)
  const script = terminal.child.pid as number
  const pids = descendants(script)
  process.kill(script, 'SIGKILL')
  await allGone(pids, 20_000)
  t.equal(readFileSync(errors, 'utf8'), 'tsmpirun: SIGHUP: the job was stopped.\n')
})

t.test('when the terminal hangs up, tsmpi ends without a trace of a crash', { skip }, async (t) => {
  const errors = join(folder, 'errors-of-wall')
  const wall = `cd ${folder}; exec node ${TSMPI} wall --output hung-up.json 2>${errors} >out-of-wall`
  const terminal = start(['-qec', wall, '/dev/null'], { program: 'script' })
  // Its first job runs.
  while (descendants(terminal.child.pid as number).length < 2) await delay(20)
  const script = terminal.child.pid as number
  const pids = descendants(script)
  process.kill(script, 'SIGKILL')
  await allGone(pids, 20_000)
  t.notMatch(readFileSync(errors, 'utf8'), /Assertion|at .*node/)
})

t.test('a terminal that cannot move its cursor, and a pipe, get plain lines', { skip }, async (t) => {
  const piped = await shell(`env FORCE_COLOR= ${COMMANDS.tune} 2>&1 | cat`)
  for (const text of [await onTerminal('TERM=dumb', COMMANDS.tune), piped.stdout]) {
    t.notMatch(text, /\u001B/)
    t.match(text, /^10\/10 scan on 2 ranks\r?$/m)
  }
})
