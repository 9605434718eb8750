/**
 * The layer rules of .dependency-cruiser.mjs bite: a tree with one forbidden import for each rule is reported import by
 * import, and a tree that uses every permission passes. Both trees are made up, so the tests do not depend on the sources.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const CONFIG = fileURLToPath(new URL('../../.dependency-cruiser.mjs', import.meta.url))
const DEPCRUISE = fileURLToPath(new URL('../../bin/dependency-cruise.mjs', import.meta.resolve('dependency-cruiser')))

/** What each file of a tree imports, by path from the root of the tree or by package name. */
type Tree = Record<string, readonly string[]>

const PACKAGES: Tree = {
  'node_modules/runtime-package/index.js': [],
  'node_modules/dev-package/index.js': [],
  'dist/index.js': [],
}

const PACKAGE_JSON = JSON.stringify({
  name: 'tsmpi',
  type: 'module',
  exports: { '.': './dist/index.js' },
  dependencies: { 'runtime-package': '1.0.0' },
  devDependencies: { 'dev-package': '1.0.0' },
})

/** [rule, importing file, imported file or package] */
const FORBIDDEN = [
  ['layer-runtime-base', 'runtime/base/a.ts', 'runtime/transport/target.ts'],
  ['layer-runtime-transport', 'runtime/transport/a.ts', 'runtime/engine/target.ts'],
  ['layer-runtime-engine', 'runtime/engine/a.ts', 'runtime/comm/target.ts'],
  ['layer-runtime-engine', 'runtime/engine/b.ts', 'runtime/agent/target.ts'],
  ['layer-runtime-comm', 'runtime/comm/a.ts', 'collectives/target.ts'],
  ['layer-runtime-trace', 'runtime/trace/a.ts', 'runtime/agent/target.ts'],
  ['layer-runtime-agent', 'runtime/agent/a.ts', 'runtime/engine/target.ts'],
  ['layer-runtime-agent', 'runtime/agent/b.ts', 'runtime/comm/target.ts'],
  ['layer-runtime-launcher', 'runtime/launcher/a.ts', 'runtime/engine/target.ts'],
  ['layer-runtime-launcher', 'runtime/launcher/b.ts', 'hpl/target.ts'],
  ['layer-collectives', 'collectives/a.ts', 'hpl/target.ts'],
  ['layer-collectives', 'collectives/b.ts', 'runtime/launcher/target.ts'],
  ['layer-hpl', 'hpl/a.ts', 'runtime/transport/target.ts'],
  ['layer-hpl', 'hpl/b.ts', 'runtime/engine/target.ts'],
  ['layer-hpl', 'hpl/c.ts', 'runtime/agent/target.ts'],
  ['layer-hpl', 'hpl/d.ts', 'runtime/launcher/target.ts'],
  ['layer-hpl', 'hpl/e.ts', 'index.ts'],
  ['layer-commands', 'commands/a.ts', 'runtime/comm/target.ts'],
  ['layer-commands', 'commands/b.ts', 'runtime/agent/target.ts'],
  ['layer-hpl', 'hpl/f.ts', 'commands/target.ts'],
  ['layer-report', 'report/a.ts', 'commands/target.ts'],
  ['nothing-imports-a-program', 'collectives/c.ts', 'hpl/main.ts'],
  ['blas-stands-alone', 'hpl/blas/a.ts', 'hpl/target.ts'],
  ['blas-stands-alone', 'hpl/blas/b.ts', 'collectives/target.ts'],
  ['hpl-arithmetic-is-local', 'hpl/input.ts', 'runtime/comm/target.ts'],
  ['hpl-arithmetic-is-local', 'hpl/output/a.ts', 'collectives/target.ts'],
  ['hpl-arithmetic-is-local', 'hpl/matgen.ts', 'collectives/target.ts'],
  ['hpl-arithmetic-is-local', 'hpl/block-cyclic.ts', 'runtime/comm/target.ts'],
  ['examples-use-the-public-api', 'examples/01-a.ts', 'runtime/base/target.ts'],
  ['examples-use-the-public-api', 'examples/labs/01-a/starter/a.ts', 'runtime/base/target.ts'],
  ['labs-are-checked-with-one-library', 'examples/labs/01-a/check.ts', 'runtime/base/target.ts'],
  ['examples-use-the-public-api', 'examples/02-b.ts', 'index.ts'],
  ['product-needs-no-workbench', 'runtime/base/b.ts', 'test/helpers/target.ts'],
  ['product-needs-no-workbench', 'index.ts', 'scripts/target.ts'],
  ['product-needs-no-dev-dependency', 'runtime/base/c.ts', 'dev-package'],
  ['no-circular-imports', 'runtime/base/circle-back.ts', 'runtime/base/circle.ts'],
  ['imports-resolve', 'runtime/base/d.ts', 'runtime/base/missing.ts'],
] as const

t.test('each forbidden import is reported under its rule', async (t) => {
  const tree: Record<string, string[]> = {
    'runtime/base/circle.ts': ['runtime/base/circle-back.ts'],
    'hpl/main.ts': [],
  }
  for (const [, from, to] of FORBIDDEN) {
    tree[from] = [...(tree[from] ?? []), to]
    if (to.includes('target')) tree[to] = []
  }
  const found = violations(t, { ...PACKAGES, ...tree })
  for (const [rule, from, to] of FORBIDDEN) {
    t.test(`${rule}: ${from} must not import ${to}`, async (t) => {
      const hit = found.some((v) => v.rule === rule && v.from === from && isTarget(v.to, to))
      t.ok(hit, { found: found.filter((v) => v.from === from) })
    })
  }
})

t.test('a type-only import counts like any other', async (t) => {
  const found = violations(t, {
    'runtime/base/a.ts': ['type:runtime/engine/target.ts'],
    'runtime/engine/target.ts': [],
  })
  t.match(found, [{ rule: 'layer-runtime-base', from: 'runtime/base/a.ts', to: 'runtime/engine/target.ts' }])
})

t.test('a file that nothing imports and that imports nothing is an orphan', async (t) => {
  t.same(violations(t, { 'runtime/base/alone.ts': [] }), [
    { rule: 'no-orphans', from: 'runtime/base/alone.ts', to: 'runtime/base/alone.ts' },
  ])
})

t.test('imports that point down pass', async (t) => {
  const found = violations(t, {
    ...PACKAGES,
    'runtime/base/a.ts': ['runtime-package'],
    'runtime/base/b.ts': ['runtime/base/a.ts'],
    'runtime/transport/a.ts': ['runtime/base/a.ts'],
    'runtime/engine/a.ts': ['runtime/base/a.ts', 'runtime/transport/a.ts'],
    'runtime/comm/a.ts': ['runtime/base/a.ts', 'runtime/engine/a.ts'],
    'runtime/agent/a.ts': ['runtime/base/a.ts', 'runtime/transport/a.ts'],
    'runtime/launcher/tsmpirun.ts': ['runtime/base/a.ts', 'runtime/transport/a.ts', 'runtime/agent/a.ts'],
    'collectives/a.ts': ['runtime/base/a.ts', 'runtime/comm/a.ts'],
    'hpl/blas/a.ts': ['runtime/base/a.ts'],
    'hpl/input.ts': ['runtime/base/a.ts'],
    'hpl/solve.ts': ['hpl/blas/a.ts', 'hpl/input.ts', 'collectives/a.ts', 'runtime/comm/a.ts', 'runtime/base/a.ts'],
    'hpl/main.ts': ['index.ts', 'hpl/solve.ts'],
    'index.ts': ['run.ts', 'collectives/a.ts'],
    'run.ts': ['runtime/transport/a.ts', 'runtime/engine/a.ts', 'runtime/agent/a.ts'],
    'commands/a.ts': ['hpl/solve.ts', 'runtime/launcher/tsmpirun.ts', 'runtime/base/a.ts'],
    'tsmpi.ts': ['commands/a.ts', 'hpl/solve.ts', 'runtime/launcher/tsmpirun.ts'],
    'examples/01-hello.ts': ['tsmpi', 'runtime-package', 'node:fs'],
    'test/unit/a.test.ts': ['dev-package', 'runtime/engine/a.ts'],
  })
  t.same(found, [])
})

interface Violation {
  readonly rule: { readonly name: string }
  readonly from: string
  readonly to: string
}

/** Cruises a folder that holds `tree` with the project's own rules. */
function violations(t: { testdir(): string }, tree: Tree): { rule: string; from: string; to: string }[] {
  const root = t.testdir()
  for (const [path, imports] of Object.entries({ 'package.json': [], ...tree })) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), path === 'package.json' ? PACKAGE_JSON : sourceText(path, imports))
  }
  const args = [DEPCRUISE, '--config', CONFIG, '--output-type', 'json', '.']
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (stdout === '') throw new Error(`dependency-cruiser printed nothing: ${stderr}`)
  const report = JSON.parse(stdout) as { summary: { violations: Violation[] } }
  return report.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }))
}

/** Packages are reported by the file they lead to, files that do not exist as they were written. */
function isTarget(reported: string, to: string): boolean {
  return reported === to || reported.startsWith(`node_modules/${to}/`) || reported === `./${basename(to)}`
}

function sourceText(path: string, imports: readonly string[]): string {
  const lines = imports.map((target) => {
    const [kind, name] = target.startsWith('type:') ? ['import type { T } from', target.slice(5)] : ['import', target]
    const isFile = name.includes('.ts')
    return `${kind} '${isFile ? `./${relative(dirname(path), name)}` : name}'`
  })
  return [...lines, 'export {}', ''].join('\n')
}
