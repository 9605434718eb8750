/**
 * `tsmpi lab` as students meet it, in folders of their own: every lab is started, its recorded solution put in, run in
 * the smallest size over real jobs, and checked; what they do wrong is told.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { listLabs } from '../../commands/lab/catalogue.ts'
import { ALL } from '../helpers/effort.ts'
import { start, TSMPI, type Ended } from '../helpers/tsmpirun.ts'

const folder = mkdtempSync(join(tmpdir(), 'tsmpi-test-labs-'))
t.teardown(() => rmSync(folder, { recursive: true }))
// Students have installed tsmpi, and with it ndarray, in a folder above.
symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'))

function lab(...args: string[]): Promise<Ended> {
  return start(['lab', ...args], { command: TSMPI, cwd: folder }).ended
}

const labs = listLabs()
/** A minute of jobs: all of them where time does not matter. */
const RUN_ALWAYS = ['01-amdahl', '03-wire', '05-broadcast']

t.test('the list names all labs', async (t) => {
  const { stdout, code } = await lab('list')
  t.equal(code, 0)
  for (const { number } of labs) t.match(stdout, new RegExp(`^ +${number}  \\w.* \\d+ s$`, 'm'))
  t.ok(stdout.split('\n').every((line) => line.length <= 80))
})

for (const { number, name, folder: source } of labs)
  t.test(`${name} is started, not run without a prediction, run, and checked`, { skip: skipped(name) }, async (t) => {
    const mine = join(folder, name)
    const started = await lab('start', `${number}`)
    t.equal(started.code, 0, started.stderr)
    t.match(started.stdout, `Begin with ${name}/README.md`)
    const again = await lab('start', name)
    t.same([again.code, again.stderr.split('\n')[0]], [2, `tsmpi: ${name} is not empty; name another folder: tsmpi lab start ${number} FOLDER`]) // prettier-ignore

    const early = await lab('run', `${number}`, '--quick')
    t.equal(early.code, 2)
    t.match(early.stderr, /answers\.yaml, line \d+: prediction\.[\w-]+: is not filled in, expected /)
    t.notOk(existsSync(join(mine, 'results.json')))

    for (const file of readdirSync(join(source, 'solution')))
      if (!['results.json', 'picture.svg'].includes(file)) cpSync(join(source, 'solution', file), join(mine, file))
    const ran = await lab('run', `${number}`, '--quick')
    t.equal(ran.code, 0, ran.stderr)
    t.match(ran.stdout, `results: ${name}/results.json\npicture: ${name}/picture.svg\n`)
    t.match(readFileSync(join(mine, 'picture.svg'), 'utf8'), /^<svg [^]*<\/svg>\n$/)
    const checked = await lab('check', `${number}`)
    t.equal(checked.code, 1, 'a rehearsal is not graded')
    t.match(checked.stdout, /WRONG {2}results\.json: measured with --quick/)

    cpSync(join(source, 'solution/results.json'), join(mine, 'results.json'))
    const graded = await lab('check', `${number}`, name)
    t.equal(graded.code, 0, graded.stdout)
    t.match(graded.stdout, /(\d+) of \1 right\n$/)
  })

t.test('mistakes are told', async (t) => {
  t.match((await lab('check', '1', 'nowhere')).stderr, /nowhere\/answers\.yaml is of lab 1/)
  t.match((await lab('run', '99')).stderr, /lab "99": expected one of 1/)
  t.match((await lab()).stderr, /lab: no command given; expected list, start, run or check/)
  await lab('start', '1', 'broken')
  const mine = join(folder, 'broken')
  cpSync(join(labs[0]?.folder as string, 'solution/answers.yaml'), join(mine, 'answers.yaml'))
  writeFileSync(join(mine, 'results.json'), '{ "lab": 1 }')
  const answers = readFileSync(join(mine, 'answers.yaml'), 'utf8')
  writeFileSync(join(mine, 'answers.yaml'), answers.replace('why: >', 'why: because: it is'))
  const ungrammatical = await lab('check', '1', 'broken')
  t.equal(ungrammatical.code, 2)
  t.match(ungrammatical.stderr, /answers\.yaml, line \d+: .*\n.*answers\.yaml: a line is "name: value", with a space/)
  writeFileSync(join(mine, 'answers.yaml'), answers)
  const checked = await lab('check', '1', 'broken')
  t.equal(checked.code, 2)
  t.match(checked.stderr, /results\.json: format: /)
  writeFileSync(join(mine, 'amdahl.ts'), 'console.log(1)')
  const ran = await lab('run', '1', 'broken', '--quick')
  t.equal(ran.code, 1)
  t.match(ran.stderr, /tsmpi: 1 rank: the program printed no line of JSON/)
  writeFileSync(join(mine, 'amdahl.ts'), "throw new Error('oh no')")
  t.match(
    (await lab('run', '1', 'broken', '--quick')).stderr,
    /tsmpi: 1 rank ended with code 1: tsmpirun -n 1 amdahl\.ts quick\n[^]*oh no/,
  )
})

function skipped(name: string): string | false {
  return ALL || RUN_ALWAYS.includes(name) ? false : 'runs with TSMPI_TEST_ALL=1'
}
