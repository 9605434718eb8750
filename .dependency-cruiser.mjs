// The layers of the source tree as rules: which folder may import which. Everything that is not listed here as allowed is
// an error, for types as well as for values. test/unit/layers.test.ts proves that each rule bites.

/** The folders, lowest first, and the lower folders that each may import besides itself. */
const MAY_IMPORT = {
  'runtime/base': [],
  'runtime/diagnosis': ['runtime/base'],
  'runtime/transport': ['runtime/base'],
  'runtime/engine': ['runtime/base', 'runtime/transport'],
  'runtime/comm': ['runtime/base', 'runtime/diagnosis', 'runtime/transport', 'runtime/engine'],
  'runtime/trace': ['runtime/base', 'runtime/engine'],
  'runtime/agent': ['runtime/base', 'runtime/diagnosis', 'runtime/transport', 'runtime/trace'],
  'runtime/launcher': ['runtime/base', 'runtime/diagnosis', 'runtime/transport', 'runtime/trace', 'runtime/agent'],
  collectives: ['runtime/base', 'runtime/transport', 'runtime/engine', 'runtime/comm'],
  hpl: ['runtime/base', 'runtime/comm', 'collectives'],
  report: ['runtime/base', 'hpl'],
  commands: ['runtime/base', 'runtime/launcher', 'collectives', 'hpl', 'report'],
}

// The files at the top are the public API and its parts, tsmpi.ts the `tsmpi` command, hpl/main.ts the built-in program:
// these put the layers together.
const PRODUCT = '^([^/]+\\.ts$|runtime/|collectives/|hpl/|report/|commands/)'
/** Scripts that browsers load. */
const PAGES = '^runtime/launcher/dashboard/page/'
/** Modules of examples/labs that belong to `tsmpi lab`; all else there is a student's program. */
const LAB_CHECKS = '^examples/labs/[^/]+/check\\.ts$'
const COMPOSITION_ROOTS = '^([^/]+|hpl/main)\\.ts$'

const layerRules = Object.entries(MAY_IMPORT).map(([folder, lower]) => ({
  name: `layer-${folder.replace('/', '-')}`,
  comment: `${folder}/ may import ${lower.length > 0 ? lower.map((name) => `${name}/`).join(', ') : 'no other folder'}.`,
  severity: 'error',
  from: { path: `^${folder}/`, pathNot: COMPOSITION_ROOTS },
  to: { path: PRODUCT, pathNot: `^(${[folder, ...lower].join('|')})/` },
}))

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...layerRules,
    {
      name: 'nothing-imports-a-program',
      comment: 'hpl/main.ts and tsmpi.ts are started, not imported.',
      severity: 'error',
      from: { path: PRODUCT, pathNot: '^(begin|tsmpi)\\.ts$' },
      to: { path: '^(hpl/main|begin|tsmpi|tune|doctor)\\.ts$' },
    },
    {
      name: 'blas-stands-alone',
      comment: 'hpl/blas/ knows matrices, not HPL: it imports nothing from the rest of hpl/ and sends no messages.',
      severity: 'error',
      from: { path: '^hpl/blas/' },
      to: { path: '^(hpl|collectives|runtime/comm)/', pathNot: '^hpl/blas/' },
    },
    {
      name: 'hpl-arithmetic-is-local',
      comment: 'Input, output, the generator and the block-cyclic index maps are plain functions: no messages.',
      severity: 'error',
      from: { path: '^hpl/(input|output|matgen|block-cyclic)(/|-|\\.)' },
      to: { path: '^(collectives|runtime/comm)/' },
    },
    {
      name: 'examples-use-the-public-api',
      comment: "Examples show what a user writes: they import 'tsmpi' by its name, Node's modules and packages.",
      severity: 'error',
      from: { path: '^examples/', pathNot: LAB_CHECKS },
      to: { dependencyTypes: ['local'] },
    },
    {
      name: 'labs-are-checked-with-one-library',
      comment: 'What a lab measures and checks is written with commands/lab/, which loads it by its name.',
      severity: 'error',
      from: { path: LAB_CHECKS },
      to: {
        path: PRODUCT,
        pathNot: '^(commands/(lab|wall|sweep)|hpl/results|report/crossover|runtime/launcher/usage-error)',
      },
    },
    {
      name: 'product-needs-no-workbench',
      comment: 'What is shipped imports nothing from test/, scripts/, examples/ or dist/.',
      severity: 'error',
      from: { path: PRODUCT },
      to: { path: '^(test|scripts|examples|dist)/' },
    },
    {
      name: 'product-needs-no-dev-dependency',
      comment: 'What is shipped imports only the packages under "dependencies".',
      severity: 'error',
      from: { path: PRODUCT },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-circular-imports',
      comment: 'Two files that import each other are one file, or lack a third one below them.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A source file that imports nothing and that nothing imports is dead.',
      severity: 'error',
      from: { orphan: true, path: PRODUCT, pathNot: [COMPOSITION_ROOTS, PAGES, '\\.d\\.ts$'] },
      to: {},
    },
    {
      name: 'imports-resolve',
      comment: 'Every import leads to a file or an installed package.',
      severity: 'error',
      from: { pathNot: '^examples/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^dist/'] },
    exclude: { path: ['^hpl/blas/wasm/assembly/'] },
    // Types count: a layer that names a type of a higher one cannot be understood or tested without it.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
