/**
 * The examples print what stands beside them. Lines of different ranks may come in any order: output and expected
 * output are compared as sorted lines. Times go to standard error and are not compared.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { tsmpirun } from '../helpers/tsmpirun.ts'

const FOLDER = fileURLToPath(new URL('../../examples/', import.meta.url))
const programs = readdirSync(FOLDER).filter((name) => name.endsWith('.ts'))

function sortedLines(text: string): string[] {
  return text.split('\n').sort()
}

function expected(program: string): string[] {
  return sortedLines(readFileSync(FOLDER + program.replace(/\.ts$/, '.expected.txt'), 'utf8'))
}

t.ok(programs.length > 0, 'there are examples')

for (const program of programs)
  t.test(`examples/${program} prints on four ranks what it should`, async (t) => {
    const ended = await tsmpirun(['-n', '4', FOLDER + program])
    t.same(sortedLines(ended.stdout), expected(program), ended.stderr)
    t.equal(ended.code, 0)
  })

for (const program of [
  '06-matrix-multiply.ts',
  '07-jacobi-halo.ts',
  '09-master-worker.ts',
  '10-sample-sort.ts',
  '11-conjugate-gradient.ts',
  '12-jacobi-neighbours.ts',
])
  for (const job of [
    ['-n', '1'],
    ['-n', '3'],
    ['-n', '6'],
    ['-n', '4', '--emulate-hosts', '2'],
  ])
    t.test(`examples/${program} computes the same with tsmpirun ${job.join(' ')}`, async (t) => {
      const ended = await tsmpirun([...job, FOLDER + program])
      const withoutGrid = (lines: string[]): string[] => lines.map((line) => line.replace(/\d x \d grid/, 'grid'))
      t.same(withoutGrid(sortedLines(ended.stdout)), withoutGrid(expected(program)), ended.stderr)
    })
