/** What a sweep is to run: from the command line and from YAML, with all mistakes and their places. */
import t from 'tap'
import { planTests } from '../../../commands/sweep/plan.ts'
import { checkSpecification, commandLineSource, KEYS, type Source } from '../../../commands/sweep/specification.ts'
import { parseYaml } from '../../../commands/sweep/yaml-file.ts'
import { sweepCommand } from '../../../commands/sweep.ts'
import { parseHplDat } from '../../../hpl/input.ts'
import yargs from 'yargs'

const check = (...sources: Source[]) => checkSpecification(sources)
const given = (options: Record<string, unknown>): Source => commandLineSource(options)

/** The lines of the UsageError that a call throws. */
function mistakes(call: () => unknown): string[] {
  try {
    call()
  } catch (error) {
    return (error as Error).message.split('\n')
  }
  return []
}

t.test('lists on the command line have commas; names and codes of HPL.dat mean the same', async (t) => {
  const spec = check(given({ n: '100, 200', grid: '1x2,2x1', bcast: '1ringM,4', swap: '0', equil: 'yes,no', l1: '1' }))
  t.match(spec, {
    n: [100, 200],
    grid: [
      { p: 1, q: 2 },
      { p: 2, q: 1 },
    ],
    bcast: ['1ringM', 'long'],
    swap: ['binary-exchange'],
    equil: [true, false],
    l1: ['no-transposed'],
    nb: [128],
    repeat: 1,
    blas: 'auto',
  })
})

t.test('a YAML file has the same keys, with lists or single values; the command line goes before it', async (t) => {
  const yaml = parseYaml('n: [100, 200]\nnb: 32\ngrid: 2x2\nequil: [yes, false]\npfact: [0, crout]\nrepeat: 3\n', 'f')
  t.match(check(yaml, given({ nb: '64,128', grid: undefined })), {
    n: [100, 200],
    nb: [64, 128],
    grid: [{ p: 2, q: 2 }],
    equil: [true, false],
    pfact: ['left', 'crout'],
    repeat: 3,
  })
})

t.test('all mistakes of a YAML file are told together, with line, what was read and what is allowed', async (t) => {
  const text =
    '# a sweep\nn: [100, -5, abc]\nnb:\n  - 32\n  - 1.5\ngrid: 2by2\nbcast: tree\nblass: wasm\nrepeat: 0\ntransport: tcp\n'
  t.same(
    mistakes(() => check(parseYaml(text, 'sweep.yaml'))).map((line) => line.replace(/one of n, .*/, 'one of …')),
    [
      'sweep.yaml, line 2: n: read -5, expected a whole number >= 0',
      'sweep.yaml, line 2: n: read "abc", expected a whole number >= 0',
      'sweep.yaml, line 5: nb: read 1.5, expected a whole number >= 1',
      'sweep.yaml, line 6: grid: read "2by2", expected a grid such as 2x4',
      'sweep.yaml, line 7: bcast: read "tree", expected 1ring (0), 1ringM (1), 2ring (2), 2ringM (3), long (4), longM (5)',
      'sweep.yaml, line 9: repeat: read 0, expected a whole number >= 1',
      'sweep.yaml, line 10: transport: read "tcp", expected auto or zmq',
      'sweep.yaml, line 8: blass is unknown; expected one of …',
    ],
  )
})

t.test('a file that is no YAML is refused with the line, and so is one without keys', async (t) => {
  t.match(
    mistakes(() => parseYaml('n: [1, 2\ngrid: 1x1\n', 'bad.yaml')),
    [/^bad\.yaml, line 2: /],
  )
  t.match(
    mistakes(() => parseYaml('n: 1\nn: 2\n', 'twice.yaml')),
    [/^twice\.yaml, line 2: .*unique/i],
  )
  t.match(
    mistakes(() => parseYaml('just words\n', 'words.yaml')),
    [/^words\.yaml, line 1: expected keys with values/],
  )
  t.match(
    mistakes(() => parseYaml('', 'empty.yaml')),
    [/^empty\.yaml, line 1: expected keys with values/],
  )
})

t.test('mistakes of the command line name the option; what is missing is told with them', async (t) => {
  t.same(
    mistakes(() => check(given({ nb: '0', repeat: ['1', '2'], hostfile: 'h', host: 'a' }))),
    [
      '--n is missing: give it on the command line or in the file of --file',
      '--grid is missing: give it on the command line or in the file of --file',
      '--nb: read 0, expected a whole number >= 1',
      '--repeat: read ["1","2"], expected a whole number >= 1',
      '--hostfile and --host: give one of the two',
    ],
  )
})

t.test('every key of a file is an option of the command, and the other way round', async (t) => {
  const builder = sweepCommand.builder as (command: ReturnType<typeof yargs>) => ReturnType<typeof yargs>
  const { string, boolean, array } = (
    builder(yargs([])) as unknown as { getOptions(): { string: string[]; boolean: string[]; array: string[] } }
  ).getOptions()
  const options = new Set([...string, ...boolean, ...array].filter((name) => name.length > 1 || KEYS.includes(name)))
  for (const other of ['file', 'dry-run', 'help', 'version']) options.delete(other)
  t.same([...options].sort(), [...KEYS].sort())
})

t.test('the tests are all combinations, each once, with ranks for its grid and an HPL.dat of its own', async (t) => {
  const spec = check(given({ n: '20,30,20', nb: '4', grid: '1x2,2x2', depth: '0,1', l1: '0,1', repeat: '2' }))
  const tests = planTests(spec)
  t.equal(tests.length, 2 * 2 * 2 * 2 * 2)
  t.equal(new Set(tests.map(({ id, repeat }) => `${id} ${repeat}`)).size, tests.length)
  t.same(
    tests.map(({ repeat }) => repeat),
    [...Array<number>(16).fill(1), ...Array<number>(16).fill(2)],
  )
  for (const { hplDat, ranks, point, settings } of tests) {
    const parsed = parseHplDat(hplDat, ranks)
    const { p, q, n, depth } = point
    t.equal(ranks, p * q)
    t.match(parsed, {
      ok: true,
      warnings: [],
      parameters: { n: [n], grids: [{ p, q }], depth: [depth], l1: settings.l1 },
    })
  }
})

t.test('--tuned asks once for each N, NB and grid, with its algorithms whatever is named', async (t) => {
  const named = { n: '20,30', grid: '1x2,2x1', depth: '0,2', pfact: 'left,crout', swap: '0', tuned: true }
  const tests = planTests(check(given(named)))
  t.equal(tests.length, 4)
  for (const { point, settings, args } of tests) {
    t.match(point, { depth: 1, pfact: 'right', nbmin: 8, bcast: '1ringM' })
    t.match(settings, { swap: 'spread-roll', threshold: 16 })
    t.ok(args.includes('--tuned'))
  }
})

t.test('what decides a result is in the name of the test; what does not is not', async (t) => {
  const id = (more: Record<string, unknown>): string =>
    planTests(check(given({ n: '20', grid: '1x2', ...more })))[0]?.id as string
  const base = id({})
  for (const more of [
    { n: '21' },
    { nb: '7' },
    { blas: 'wasm' },
    { tuned: true },
    { transport: 'zmq' },
    { host: 'a:2' },
    { x: ['A=1'] },
  ])
    t.not(id(more), base, JSON.stringify(more))
  for (const more of [{ repeat: '3' }, { output: 'other' }, { timeout: '5' }, { nb: '128' }])
    t.equal(id(more), base, JSON.stringify(more))
})

t.test('launcher options reach tsmpirun as they were given', async (t) => {
  const [test] = planTests(
    check(given({ n: '20', grid: '2x2', 'emulate-hosts': '2', transport: 'zmq', timeout: '5 min', x: ['A=1', 'B'] })),
  )
  t.same(test?.args, [
    ...['-n', '4', '--transport', 'zmq', '--emulate-hosts', '2', '-x', 'A=1', '-x', 'B', '--timeout', '5 min'],
    ...['hpl', '--dat', '-', '--json', '-', '--blas', 'auto'],
  ])
})
