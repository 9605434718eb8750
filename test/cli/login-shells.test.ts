/**
 * Starts over ssh through login shells of every kind: sshd runs a script that plays the user's shell, named by a variable
 * that the client sends. What shells print at their start, and names with spaces and quotes, must do no harm.
 */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import t from 'tap'
import { sshdMissing, startSshd } from '../helpers/sshd.ts'
import { messages, tsmpirun, type Ended } from '../helpers/tsmpirun.ts'

const { spawnSync } = process.getBuiltinModule('node:child_process')
const SHELLS = ['sh', 'bash', 'dash', 'fish', 'tcsh', 'zsh']
/** As sshd runs a login shell, with what its start-up files would print first. */
const LOGIN = `#!/bin/sh
printf '%s' "$TSMPI_TEST_SAYS"
printf '%s' "$TSMPI_TEST_COMPLAINS" >&2
exec "\${TSMPI_TEST_SHELL:-sh}" -c "$SSH_ORIGINAL_COMMAND"
`
const PROGRAM = `import { run } from 'tsmpi'
await run(async ({ world, argv, log }) => {
  await world.barrier()
  log(JSON.stringify([world.rank, process.cwd(), ...argv]))
})
`

const missing = sshdMissing()
if (missing !== undefined) t.plan(0, `skipped: ${missing}`)
else {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tsmpi-shells-')))
  writeFileSync(join(folder, 'login'), LOGIN)
  chmodSync(join(folder, 'login'), 0o755)
  const sshd = await startSshd(`AcceptEnv TSMPI_TEST_*\nForceCommand ${join(folder, 'login')}\n`)
  t.teardown(async () => {
    await sshd.stop()
    rmSync(folder, { recursive: true })
  })

  const odd = join(folder, 'it\'s "odd" $HOME ünï `x`; # !b')
  mkdirSync(odd)
  cpSync('dist', join(odd, 'dist'), { recursive: true })
  cpSync('package.json', join(odd, 'package.json'))
  symlinkSync(resolve('node_modules'), join(odd, 'node_modules'))
  writeFileSync(join(odd, 'program.ts'), PROGRAM)
  const words = ['a b', "c'd", '$x', '!e', 'f"g', '', '\\h', 'i\nj', '*', 'ü']

  const overSsh = (env: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<Ended> =>
    tsmpirun(
      [
        '--ssh-command',
        `${sshd.ssh} -o SendEnv=TSMPI_TEST_*`,
        '--host',
        'alpha:2,beta',
        ...args,
        'program.ts',
        ...words,
      ],
      { cwd: odd, env, command: join(odd, 'dist/runtime/launcher/tsmpirun.js') },
    )
  const expected = [0, 1, 2].map((rank) => JSON.stringify([rank, odd, ...words]))
  const lines = ({ stdout }: Ended): string[] => stdout.trimEnd().split('\n').sort()

  for (const shell of SHELLS) {
    const skip = spawnSync(shell, ['-c', 'exit 0']).status !== 0 && `no ${shell} here (Debian: ${shell})`
    t.test(`the login shell may be ${shell}, and names have spaces and quotes`, { skip }, async (t) => {
      const ended = await overSsh({ TSMPI_TEST_SHELL: shell }, shell === 'fish' ? ['--transport', 'zmq'] : [])
      t.equal(ended.code, 0, ended.stderr)
      t.same(lines(ended), expected)
      t.equal(messages(ended), '')
    })
  }

  t.test('what the login shell prints is no output of the program', async (t) => {
    const ended = await overSsh({ TSMPI_TEST_SAYS: 'Welcome!\nNo line end', TSMPI_TEST_COMPLAINS: 'stty: no tty\n' })
    t.equal(ended.code, 0, ended.stderr)
    t.same(lines(ended), expected)
    for (const said of ['Welcome!\nNo line end\n', 'stty: no tty\n']) t.equal(ended.stderr.split(said).length, 3, said)
  })

  t.test('a shell that prints and ends is told with what it printed', async (t) => {
    const refusing = join(folder, 'refusing')
    writeFileSync(refusing, '#!/bin/sh\necho This account is currently not available.\nexit 1\n')
    chmodSync(refusing, 0o755)
    const ended = await overSsh({ TSMPI_TEST_SHELL: refusing })
    t.equal(ended.code, 125)
    t.match(
      ended.stderr,
      /host alpha could not be started \(exit code 1\)[^]*ssh printed: This account is currently not/,
    )
    t.match(ended.stderr, /try: the user may log in on alpha, but gets no shell there/)
  })
}
