/** Jobs in real Slurm allocations: a Slurm of the test's own with two nodes on this machine. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { expandNodelist } from '../../runtime/launcher/slurm.ts'
import { slurmMissing, startSlurm } from '../helpers/slurm.ts'
import { allGone, descendants, isAlive, start, TSMPI, TSMPIRUN, type Ended } from '../helpers/tsmpirun.ts'

const PROGRAM = 'test/errors/programs/together.ts'

const missing = slurmMissing()
if (missing !== undefined) t.plan(0, `skipped: ${missing}`)
else {
  const slurm = await startSlurm()
  t.teardown(() => slurm.stop())
  const inSlurm = (command: string, ...args: string[]): ReturnType<typeof start> =>
    start(args, { program: command, env: slurm.env })
  const salloc = (options: readonly string[], ...args: string[]): ReturnType<typeof start> =>
    inSlurm('salloc', '--quiet', ...options, process.execPath, TSMPIRUN, ...args)
  const lines = ({ stdout }: Ended): string[] =>
    stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => line.replace(/ in .*/, ''))
      .sort()
  const three = ['rank 0 on n1 met 3', 'rank 1 on n1 met 3', 'rank 2 on n2 met 3']

  t.test('in an allocation, ranks, hosts and counts come from Slurm', async (t) => {
    for (const transport of ['auto', 'zmq']) {
      const ended = await salloc(['-N2', '-n3'], '--transport', transport, PROGRAM).ended
      t.equal(ended.code, 0, ended.stderr)
      t.equal(ended.stderr, '', "nor any of srun's own lines")
      t.same(lines(ended), three)
    }
  })

  t.test('one node of several, and -n, are respected', async (t) => {
    t.same(lines(await salloc(['-w', 'n2', '-n2'], PROGRAM).ended), ['rank 0 on n2 met 2', 'rank 1 on n2 met 2'])
    t.same(lines(await salloc(['-N2', '-n4'], '-n', '1', PROGRAM).ended), ['rank 0 on n1 met 1'])
  })

  t.test('memory and cores asked for by task do not keep the agents from starting', async (t) => {
    const options = ['-N2', '--ntasks-per-node=2', '--cpus-per-task=2', '--mem-per-cpu=10']
    const ended = await salloc(options, PROGRAM).ended
    t.equal(ended.code, 0, ended.stderr)
    t.same(
      lines(ended),
      [0, 1, 2, 3].map((rank) => `rank ${rank} on n${rank < 2 ? 1 : 2} met 4`),
    )
  })

  t.test('all components of a heterogeneous job take part', async (t) => {
    const ended = await salloc(['-N1', '-n2', ':', '-N1', '-n1'], PROGRAM).ended
    t.equal(ended.code, 0, ended.stderr)
    t.match(lines(ended).join(), /^rank 0 on n(\d) met 3,rank 1 on n\1 met 3,rank 2 on n(?!\1)\d met 3$/)
  })

  t.test('each task of a job array is a job of its own', async (t) => {
    const script = join(slurm.folder, 'array.sh')
    const output = join(slurm.folder, 'array')
    writeFileSync(script, `#!/bin/sh\n${process.execPath} ${TSMPIRUN} ${PROGRAM}\n`)
    const array = ['--wait', '--array=3,5', '-N2', '-n3', `--output=${output}-%a`]
    t.equal((await inSlurm('sbatch', '--quiet', ...array, script).ended).code, 0)
    for (const task of [3, 5]) t.same(lines({ stdout: readFileSync(`${output}-${task}`, 'utf8') } as Ended), three)
  })

  t.test('lists of nodes are expanded as Slurm expands them', async (t) => {
    // One call of Slurm's own program for all lists.
    const range = fc.tuple(fc.nat(120), fc.nat(6), fc.integer({ min: 1, max: 4 })).map(([low, more, width]) => {
      const number = (i: number): string => String(i).padStart(width, '0')
      return more === 0 ? number(low) : `${number(low)}-${number(low + more)}`
    })
    const bracket = fc.array(range, { minLength: 1, maxLength: 2 }).map((ranges) => `[${ranges.join()}]`)
    const prefix = fc.stringMatching(/^[a-z](-?[a-z]){0,2}$/)
    // Slurm allows nothing behind the last bracket.
    const word = fc
      .tuple(prefix, bracket, fc.option(fc.tuple(prefix, bracket), { nil: [] }))
      .map((parts) => parts.flat().join(''))
    const lists = fc.sample(fc.array(fc.oneof(word, prefix), { minLength: 1, maxLength: 4 }), { numRuns: 60, seed: 5 })
    const text = lists.map((words) => words.join()).join()
    const { stdout, stderr, code } = await inSlurm('scontrol', 'show', 'hostnames', text).ended
    t.equal(code, 0, stderr)
    t.same(expandNodelist(text), stdout.trimEnd().split('\n'))
  })

  t.test('hosts named beside the allocation are started as ever', async (t) => {
    const ended = await salloc(['-N2', '-n3'], '--host', 'localhost:2', PROGRAM).ended
    t.same(lines(ended), ['rank 0 on localhost met 2', 'rank 1 on localhost met 2'])
  })

  t.test('a batch script runs tsmpirun once', async (t) => {
    const script = join(slurm.folder, 'job.sh')
    const output = join(slurm.folder, 'job.out')
    writeFileSync(script, `#!/bin/sh\n${process.execPath} ${TSMPIRUN} ${PROGRAM}\n`)
    const ended = await inSlurm('sbatch', '--quiet', '--wait', '-N2', '-n3', `--output=${output}`, script).ended
    const stdout = existsSync(output) ? readFileSync(output, 'utf8') : ''
    t.equal(ended.code, 0, stdout + ended.stderr)
    t.same(lines({ ...ended, stdout }), three)
  })

  t.test('a program that throws, and a rank that reads input, behave as anywhere', async (t) => {
    const ended = await salloc(['-N2', '-n4'], 'test/errors/programs/throws.ts', 'recv').ended
    t.equal(ended.code, 1)
    t.match(ended.stderr, /^tsmpirun: rank 1 on n1 failed; the job was stopped\.\n {2}Error: the deliberate failure\n/)
    t.notMatch(ended.stderr, /srun:/)
    const input = 'some line of text\n'.repeat(50_000)
    const args = ['--quiet', '-N2', '-n2', process.execPath, TSMPIRUN, 'test/cli/programs/options.ts', 'stdin']
    t.same(lines(await start(args, { program: 'salloc', env: slurm.env, input }).ended), ['900000 bytes, 50000 lines'])
  })

  t.test('a killed srun ends the job and leaves nothing', async (t) => {
    const job = salloc(['-N2', '-n4'], PROGRAM, 'wait')
    for (let rank = 0; rank < 4; rank++) await job.printed(`rank ${rank} on`)
    const local = descendants(job.child.pid as number)
    const agents = ['1', '2'].flatMap((node) =>
      descendants(Number(readFileSync(join(slurm.folder, `slurmd-n${node}.pid`), 'utf8'))),
    )
    const srun = local.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('srun\0'))
    process.kill(srun as number, 'SIGKILL')
    const ended = await job.ended
    t.equal(ended.code, 137)
    t.match(ended.stderr, /the process of ranks .* on n[12] was lost \(signal SIGKILL\); the job was stopped\./)
    await allGone([...local, ...agents], 7000)
    t.notOk(agents.some(isAlive))
  })

  t.test('tsmpi doctor examines the nodes of the allocation', async (t) => {
    const ended = await inSlurm('salloc', '--quiet', '-N2', '-n3', process.execPath, TSMPI, 'doctor').ended
    t.equal(ended.code, 0, ended.stderr)
    t.match(ended.stdout, /^host [^]*\nn1 [^]*\nn2 [^]*\nLinks; rows send, columns receive: 0 = n1, 1 = n2\n/)
    t.match(ended.stdout, /remark: Slowest link: n[12] to n[12], [\d.]+ MB\/s/)
  })

  t.test('copies started by srun are told once how to start', async (t) => {
    const copies = await inSlurm('srun', '-N2', '-n3', process.execPath, TSMPIRUN, PROGRAM).ended
    t.equal(copies.code, 2)
    t.equal(copies.stdout, '')
    t.equal(copies.stderr.split('srun started 3 copies of tsmpirun; each would start a job of its own.').length, 2)
    const worlds = await inSlurm('srun', '-n2', process.execPath, '--import=tsx', PROGRAM).ended
    t.equal(worlds.code, 2)
    t.match(
      worlds.stderr,
      /tsmpi: srun started 2 copies of this program[^]* {2}tsmpirun -n 2 test\/errors\/programs\/tog/,
    )
  })
}
