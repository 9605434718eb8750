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

t.test('docs/migration.md has the methods and functions of mpi4py 3.1, and those that 4.0 added', async (t) => {
  const page = (await read('docs/migration.md')).replace(/```.*?```/gs, '')
  // `Get_rank` of mpi4py and `MPI_Comm_rank` are one: what is left without class and verb.
  const bare = (name: string): string =>
    name
      .toLowerCase()
      .replace(/^mpi_/, '')
      .replace(/^(comm|group|request|status|message|op|cart|graph|intercomm|errhandler|type|grequest)_/, '')
      .replace(/^(get|set|is)_/, '')
  const quoted = (page.match(/`[^`]+`/g) ?? []).join(' ')
  const named = new Set(quoted.match(/\w+/g)?.map(bare))
  const calls = (await read('test/fixtures/mpi4py-calls.txt')).trim().split('\n')
  t.ok(calls.length > 350, `${calls.length} calls`)
  t.same(
    calls.filter((call) => !named.has(bare(call))),
    [],
  )
})

/** Names of what JavaScript, ndarray and the command line have, and fields of what calls take and give. */
const FOREIGN = new Set(
  (
    'performance.now subarray filter find DataView ArrayBuffer Error Float64Array.BYTES_PER_ELEMENT requests.every ' +
    'shape stride offset matrix.pick matrix.lo matrix.step comm tsmpirun tsmpi await i Init MPI_Bsend MPI_Alltoallw ' +
    'world self host alloc free dims periods coords reorder rank size group name remoteSize sources destinations value ' +
    'error.code error.message status.source status.tag status.count status.nbytes status.error status.cancelled'
  ).split(' '),
)

t.test('docs/migration.md names twins that exist', async (t) => {
  const api: Record<string, unknown> = await import('../../../index.ts')
  const known = new Set([...FOREIGN, ...Object.keys(api)])
  for (const one of Object.values(api)) {
    if (typeof one !== 'function') continue
    for (const name of Object.getOwnPropertyNames(one)) known.add(name)
    for (let proto = one.prototype as object | null; proto; proto = Object.getPrototypeOf(proto) as object | null)
      for (const name of Object.getOwnPropertyNames(proto)) known.add(name)
  }
  const rows = (await read('docs/migration.md')).split('\n').filter((line) => /^\| .*\|$/.test(line))
  const twins = rows.flatMap(
    (row) =>
      row
        .split('|')
        .slice(3, -1)
        .join('')
        .match(/`[^`]+`/g) ?? [],
  )
  const names = twins.flatMap((twin) => /^`(?:await )?([\w.]+)/.exec(twin)?.[1] ?? [])
  t.ok(names.length > 150, `${names.length} names`)
  const strange = names.filter((name) => !known.has(name) && !known.has(name.split('.').at(-1) as string))
  t.same([...new Set(strange)], [])
})
