/**
 * docs/first-cluster.md, followed on two machines exactly as it is written: every line behind a prompt is typed, in order.
 * With TSMPI_TRANSCRIPT=FILE all that is printed is written there, as the page shows it.
 */
import { appendFileSync, readFileSync } from 'node:fs'
import t from 'tap'
import { SOAK } from '../helpers/effort.ts'
import { machinesMissing, startMachines } from '../helpers/two-machines.ts'

interface Step {
  readonly machine: string
  readonly command: string
}

/** The lines `node1$ COMMAND` of the blocks of a page. */
function stepsOf(page: string): Step[] {
  return [...page.matchAll(/^```console\n([^]*?)^```$/gm)].flatMap(([, block = '']) =>
    [...block.matchAll(/^(node\d)\$ (.*)$/gm)].map(([, machine = '', command = '']) => ({ machine, command })),
  )
}

/** What a step must print, by words of its command. */
const PRINTS: readonly (readonly [command: RegExp, output: RegExp])[] = [
  [/^ssh-copy-id/, /Number of key\(s\) added: 1/],
  [/^ssh node2 node/, /^v\d+\.\d+\.\d+\n$/],
  [/^cat hosts/, /^node1 slots=1\nnode2 slots=1\n$/],
  [/--dry-run/, /node1 [^]*node2 /],
  [/doctor/, /^host [^]*\nnode1 [^]*\nnode2 [^]*Links; rows send, columns receive: 0 = node1, 1 = node2/],
  [/^tsmpirun .*01-hello/, /Hello from rank [01] of 2\n/],
  [/^tsmpirun .*04-ping-pong/, /1048576 bytes: [\d.]+ us one way, ([\d.]+) MB\/s/],
  [/hpl sweep/, /WR11R2R8 .* passed\n/],
  [/wall/, /Linpack on 2 hosts of 1 rank [^]*2 hosts (do not )?beat one [^]*drawing: wall\.svg\n/],
]

/** Without TSMPI_TEST_ALL=2 the systems are smaller than on the page. */
const small = (command: string): string => (SOAK ? command : command.replace(/--n [\d,]+/, '--n 200,400'))

const missing = machinesMissing()
if (missing !== undefined) t.plan(0, `skipped: ${missing}`)
else {
  const steps = stepsOf(readFileSync('docs/first-cluster.md', 'utf8'))
  const machines = await startMachines()
  t.teardown(() => machines.stop())

  t.test('every command of the page works on two machines', async (t) => {
    t.ok(steps.length > 10, `${steps.length} commands`)
    const transcript = process.env['TSMPI_TRANSCRIPT']
    const seen = new Set<RegExp>()
    for (const { machine, command } of steps) {
      const { code, output } = await machines.run(machine, small(command))
      if (transcript !== undefined) appendFileSync(transcript, `${machine}$ ${command}\n${output}`)
      t.equal(code, 0, `${machine}$ ${command}\n${output}`)
      for (const [which, prints] of PRINTS)
        if (which.test(command)) {
          seen.add(which)
          t.match(output, prints, command)
        }
      t.notMatch(output, /problem:|tsmpirun: (?!note: )/, command)
      if (code !== 0) return
    }
    t.equal(seen.size, PRINTS.length, 'the page shows all that it promises')
  })

  t.test('messages between the machines are no faster than the switch, and both have nothing left', async (t) => {
    const { output } = await machines.run('node1', 'tsmpirun -f hosts ~/tsmpi/examples/04-ping-pong.ts')
    const rate = Number(/1048576 bytes: .* ([\d.]+) MB\/s/.exec(output)?.[1])
    t.ok(rate > 1 && rate < 125, `${rate} MB/s over 1 Gbit/s`)
    // The machines share their process numbers: this sees the agents of both.
    const left = await machines.run(
      'node1',
      "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c '[a]gent-main'",
    )
    t.equal(left.output, '0\n')
  })
}
