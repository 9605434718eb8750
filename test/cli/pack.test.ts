/**
 * The package as npm would publish it, unpacked where a user has it: under node_modules of another project. Its
 * dependencies are linked from this checkout, so that no network is needed. Runs on what `npm run build` wrote.
 */
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest

interface Manifest {
  readonly version: string
  readonly bin: Record<string, string>
  readonly dependencies: Record<string, string>
}

/** A user's project: its folder, the installed package, and the package's files. */
interface Installed {
  readonly project: string
  readonly folder: string
  readonly files: readonly string[]
}

const notBuilt = existsSync(join(ROOT, 'dist/index.js')) ? false : 'dist/ is missing: npm run build'

t.test('the packed package', { skip: notBuilt }, async (t) => {
  // Outside of this checkout, whose node_modules would otherwise be in reach, in a folder with a name as users have them.
  const parent = mkdtempSync(join(tmpdir(), "tsmpi pack's-"))
  t.teardown(() => rmSync(parent, { recursive: true, force: true }))
  const { project, folder, files } = install(parent)

  t.test('holds every command of package.json, executable', async (t) => {
    for (const path of Object.values(MANIFEST.bin)) {
      t.ok(files.includes(path), `${path} is packed`)
      t.equal(statSync(join(folder, path)).mode & 0o111, 0o111, `${path} may be executed`)
      t.match(readFileSync(join(folder, path), 'utf8'), /^#!\/usr\/bin\/env node\n/)
    }
  })

  t.test('holds the module with its types, the wasm kernels and the files that users read', async (t) => {
    const wanted = ['dist/index.js', 'dist/index.d.ts', 'hpl/HPL.dat', 'README.md', 'LICENSE', 'NOTICE', 'CHANGELOG.md']
    t.same(
      wanted.filter((path) => !files.includes(path)),
      [],
    )
    t.ok(
      files.some((path) => /^dist\/hpl\/blas\/wasm\/.*\.wasm$/.test(path)),
      'a wasm kernel',
    )
  })

  t.test('holds no tests, no scripts but netlab, no settings and no TypeScript sources but the examples', async (t) => {
    t.same(
      files.filter(
        (path) =>
          /^(test\/|scripts\/(?!netlab$)|\.ci\/|\.tap\/|node_modules\/)/.test(path) || /(^|\/)\.[^/]+$/.test(path),
      ),
      [],
    )
    t.same(
      files.filter((path) => /\.ts$/.test(path) && !/\.d\.ts$/.test(path) && !path.startsWith('examples/')),
      [],
    )
    t.same(
      files.filter((path) => /\.tsbuildinfo$|\.test\.|eslint|tsconfig|dependency-cruiser/.test(path)),
      [],
    )
  })

  t.test('has source maps that carry their sources, since the sources are not packed', async (t) => {
    const maps = files.filter((path) => path.endsWith('.js.map'))
    t.ok(maps.length > 0)
    const without = maps.filter((path) => {
      const map = JSON.parse(readFileSync(join(folder, path), 'utf8')) as { sourcesContent?: (string | null)[] }
      return map.sourcesContent === undefined || map.sourcesContent.includes(null)
    })
    t.same(without, [])
  })

  for (const command of Object.keys(MANIFEST.bin)) {
    t.test(`${command} --version prints the version`, async (t) => {
      const { stdout, stderr, status } = inProject(project, `node_modules/.bin/${command}`, '--version')
      t.equal(status, 0, { stderr })
      t.match(stdout, MANIFEST.version)
    })
  }

  t.test("import('tsmpi') gives the public API", async (t) => {
    const program = "import('tsmpi').then((api) => console.log(Object.keys(api).join(' ')))"
    const { stdout, stderr, status } = inProject(project, process.execPath, '-e', program)
    t.equal(status, 0, { stderr })
    for (const name of ['run', 'MpiError', 'SUM', 'ANY_SOURCE', 'Intracomm'])
      t.ok(stdout.split(/\s/).includes(name), name)
  })

  t.test("a user's program type-checks against the packed types, and its mistakes do not", async (t) => {
    const lines = [
      "import { run, MpiError, ANY_SOURCE } from 'tsmpi'",
      'await run(async ({ world }) => {',
      '  const size: number = world.size',
      '  if (size > 1) await world.recv(new Float64Array(1), { source: ANY_SOURCE, tag: 7 })',
      '})',
      "export const code: string = new MpiError('MPI_ERR_RANK', 'example').code",
    ]
    const bad = [
      '// @ts-expect-error a rank is a number',
      "await run(async ({ world }) => void (world.rank === 'one'))",
    ]
    writeFileSync(join(project, 'program.ts'), [...lines, ...bad, ''].join('\n'))
    const options = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node', '--noEmit']
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const { stdout, status } = inProject(project, process.execPath, tsc, ...options, 'program.ts')
    t.equal(status, 0, { stdout })
  })

  t.test('runs a program of the user on two ranks', async (t) => {
    writeFileSync(
      join(project, 'sum.mjs'),
      "import { run, SUM } from 'tsmpi'\n" +
        'await run(async ({ world, log }) => {\n' +
        '  const total = await world.allreduce(world.rank + 1, { op: SUM })\n' +
        '  if (world.rank === 0) log(`total ${total}`)\n' +
        '})\n',
    )
    const { stdout, stderr, status } = inProject(project, 'node_modules/.bin/tsmpirun', '-n', '2', 'sum.mjs')
    t.equal(status, 0, { stderr })
    t.equal(stdout, 'total 3\n')
  })

  const apart = ['--user', '--map-root-user', '--net', '--mount', 'sh', '-c', 'mount -t tmpfs apart /run && mkdir /run/netns && exec "$@"', '--'] // prettier-ignore
  const probe = inProject(project, 'unshare', ...apart, 'sh', '-c', 'ip netns add probe && tc -V')
  const skip = probe.status !== 0 && 'network namespaces, or ip and tc, are not to be had here'
  t.test('has scripts/netlab, and runs a program over its links', { skip }, async (t) => {
    const job = ['node_modules/.bin/tsmpirun', '-n', '2', '--emulate-hosts', '2', '--netlab', '1gbe', 'sum.mjs']
    const { stdout, stderr, status } = inProject(project, 'unshare', ...apart, ...job)
    t.equal(status, 0, { stderr })
    t.equal(stdout, 'total 3\n')
  })
})

/** Packs this checkout and unpacks it into a new project below `parent`, as `npm install` would. */
function install(parent: string): Installed {
  const project = join(parent, 'project')
  const modules = join(project, 'node_modules')
  const folder = join(modules, 'tsmpi')
  mkdirSync(join(modules, '.bin'), { recursive: true })
  mkdirSync(folder)
  writeFileSync(join(project, 'package.json'), '{ "name": "project", "type": "module" }')

  const packed = mustRun(ROOT, 'npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', parent)
  mustRun(folder, 'tar', '-xzf', join(parent, packed.trim()), '--strip-components=1')
  // Only what the package declares is in reach: an import of anything else fails here as it would for the user, who is
  // expected to have the types of Node alone.
  for (const name of [...Object.keys(MANIFEST.dependencies), '@types/node']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  }
  for (const [command, path] of Object.entries(MANIFEST.bin)) {
    symlinkSync(join('..', 'tsmpi', path), join(modules, '.bin', command))
  }
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
  return { project, folder, files }
}

function mustRun(cwd: string, command: string, ...args: string[]): string {
  const { stdout, stderr, status } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`)
  return stdout
}

function inProject(project: string, command: string, ...args: string[]) {
  return spawnSync(command, args, { cwd: project, encoding: 'utf8', timeout: 60_000 })
}
