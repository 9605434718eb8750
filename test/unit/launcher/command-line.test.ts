/** How the words of tsmpirun's command line are read: those that mpirun's users type, and what belongs to the program. */
import t from 'tap'
import { parseCommandLine } from '../../../runtime/launcher/command-line.ts'

t.test('long options are read with one dash too, as by mpirun', async (t) => {
  const words = '-np 3 -hostfile h -host a:2,b -rank-by node -map-by slot -wdir /w -oversubscribe -display-map p'
  const options = await parseCommandLine(words.split(' '))
  t.match(options, {
    n: 3,
    hostfile: 'h',
    host: 'a:2,b',
    wdir: '/w',
    program: 'p',
    placement: { mapping: { by: 'slot' }, ranking: 'node', oversubscription: 'allow', display: new Set(['map']) },
  })
  t.match(await parseCommandLine(['-machinefile=h', '-perhost', '2', 'p']), {
    hostfile: 'h',
    placement: { mapping: { by: 'ppr', ranks: 2 } },
  })
})

t.test("mpirun's words for a way of mapping are understood", async (t) => {
  const mappings = { pernode: { by: 'ppr', ranks: 1 }, bynode: { by: 'node' }, byslot: { by: 'slot' } }
  for (const [word, mapping] of Object.entries(mappings))
    for (const dashes of ['-', '--'])
      t.same((await parseCommandLine([dashes + word, 'p'])).placement.mapping, mapping, dashes + word)
})

t.test('the value of a short option may follow at once', async (t) => {
  t.match(await parseCommandLine(['-n4', '-N2', '-Ha:2,b', '-xA=b', '-x=C=d', 'p']), {
    n: 4,
    host: 'a:2,b',
    exports: ['A=b', 'C=d'],
    placement: { mapping: { by: 'ppr', ranks: 2 } },
  })
})

t.test('a misspelt option is told as a whole, and is no request for help', async (t) => {
  for (const word of ['-hostfle', '-mca', '--hostfle'])
    await t.rejects(parseCommandLine([word, 'p']), { message: `Unknown argument: ${word.replace(/^-+/, '')}` })
})

t.test('the words after the program are its own, whatever they look like', async (t) => {
  const own = ['-np', '9', '-n9', '-pernode', '--host', 'x', '-h', '--', '--version']
  const options = await parseCommandLine(['-np', '2', 'p', ...own])
  t.match(options, { n: 2, program: 'p', placement: { mapping: undefined }, host: undefined })
  t.same(options.programArgs, own)
})

t.test('a flag with a value that is neither true nor false is refused, and not taken for off', async (t) => {
  for (const flag of ['strict', 'profile', 'check', 'tag-output', 'oversubscribe'])
    for (const value of ['yes', '1', 'on', ''])
      await t.rejects(parseCommandLine([`--${flag}=${value}`, 'p']), {
        message: `--${flag} is "${value}", expected true or false, or --${flag} alone`,
      })
  t.match(await parseCommandLine(['--strict=true', '--profile=false', 'p', '--check=yes']), {
    strict: true,
    profile: false,
    programArgs: ['--check=yes'],
  })
})

t.test('a trace does not overwrite a program', async (t) => {
  for (const [file, program] of [
    ['other.ts', 'p.ts'],
    ['other.mjs', 'hpl'],
    ['./folder/../p', 'p'],
  ] as const)
    await t.rejects(parseCommandLine(['--trace', file, program]), {
      message: `--trace is "${file}", a program: expected the file for the trace, as in trace.json`,
    })
  t.match(await parseCommandLine(['--trace', 'p.json', 'p.ts']), { traceFile: 'p.json' })
})
