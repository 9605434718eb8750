/** The page for those who come from MPI knows every call of the standard. */
import { readFile } from 'node:fs/promises'
import t from 'tap'

const read = (path: string): Promise<string> => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8')

t.test('docs/migration.md has a row for every call of MPI 4.1 and those that MPI 3.0 removed', async (t) => {
  const page = await read('docs/migration.md')
  const named = new Set(page.match(/`MPI_[\w…]+/g)?.map((name) => name.slice(1)))
  const families = [...named]
    .filter((name) => name.includes('…'))
    .map((name) => new RegExp(`^${name.replace('…', '.*')}$`))
  const calls = (await read('test/fixtures/mpi-calls.txt')).trim().split('\n')
  t.ok(calls.length > 400, `${calls.length} calls`)
  t.same(
    calls.filter((call) => !named.has(call) && !families.some((family) => family.test(call))),
    [],
  )
})
