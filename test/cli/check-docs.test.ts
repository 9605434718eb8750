/** `npm run docs:check` finds each kind of mistake at its file and line, and passes a tree without mistakes. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const CHECK = fileURLToPath(new URL('../../scripts/check-docs.mjs', import.meta.url))
const FENCE = '```'

const TSCONFIG = JSON.stringify({
  compilerOptions: {
    module: 'NodeNext',
    target: 'ES2022',
    lib: ['ES2022'],
    strict: true,
    types: [],
    allowImportingTsExtensions: true,
    paths: { tsmpi: ['./index.ts'] },
  },
})

const GOOD = {
  'tsconfig.json': TSCONFIG,
  'package.json': '{ "type": "module" }',
  'index.ts': [
    "/**\n * Twice x.\n *\n * @example\n * import { twice } from 'tsmpi'\n * twice(2)\n */",
    'export function twice(x: number): number {\n  return 2 * x\n}\n',
  ].join('\n'),
  'README.md': `# Title\n\nSee [below](#the-two-words) and [notes](docs/notes.md).\n\n## The two words\n\n--np N\n`,
  docs: {
    'notes.md': [
      '# Notes',
      `${FENCE}ts\nimport { twice } from 'tsmpi'\ntwice(2)\n${FENCE}`,
      `${FENCE}ts fragment\nawait world.send(block, …)\n${FENCE}`,
      '[top](../README.md#title)',
    ].join('\n\n'),
  },
  dist: { runtime: { launcher: { 'tsmpirun.js': "console.log('Options:\\n  -n, --np  Number of ranks')\n" } } },
  examples: { '01-hello.ts': 'export {}\n', '01-hello.expected.txt': 'hello\n' },
}

const BAD = {
  ...GOOD,
  'README.md': '# T\n\n[a](docs/none.md)\n[b](docs/notes.md#none)\n`[no](link)`\n',
  'index.ts': [
    '/** A. */\nexport class A {\n  #x = 1\n  private p() {}\n  get() {\n    return this.#x\n  }\n}',
    'export function twice(x: number) {\n  return 2 * x\n}\n',
    "/**\n * Half of x.\n *\n * @example\n * import { half } from 'tsmpi'\n *\n * half('2')\n */",
    'export const half = (x: number): number => x / 2\n',
    'class Base {\n  /** Goes. */\n  go() {}\n}\n',
    "/**\n * B.\n *\n * @example\n * import { B } from 'tsmpi'\n *\n * new B().go()\n */\nexport class B extends Base {}\n",
  ].join('\n\n'),
  docs: { 'notes.md': `# N\n\n${FENCE}ts\nimport { twice } from 'tsmpi'\ntwice('2')\n${FENCE}\n` },
  examples: { '02-ring.ts': 'export {}\n', '03-pi.expected.txt': '' },
}

/** Kind of mistake and what is printed for the one in BAD. */
const MISTAKES: [string, string][] = [
  ['a link to no file', 'README.md:3: the link docs/none.md leads to no file'],
  ['a link to no heading', 'README.md:4: the link docs/notes.md#none leads to no heading of docs/notes.md'],
  [
    'an option that no page describes',
    'README.md:1: the option -n, --np of `tsmpirun --help` is described neither here nor in docs/',
  ],
  ['a public method without docstring', 'index.ts:5: A.get is public and has no docstring'],
  [
    'a public method, inherited, that does not say who calls it',
    'index.ts:29: Base.go is public, and its docstring says neither Collective nor Local',
  ],
  ['a public method that no example calls', 'index.ts:5: A.get is public, and no example on the page of A calls it'],
  ['an exported function without docstring', 'index.ts:10: twice is public and has no docstring'],
  ['an exported class without example', 'index.ts:2: A is public and has no @example'],
  ['an exported function without example', 'index.ts:10: twice is public and has no @example'],
  [
    'an example in a docstring that does not type-check',
    "index.ts:21: Argument of type 'string' is not assignable to parameter of type 'number'.",
  ],
  [
    'a code block that does not type-check',
    "docs/notes.md:5: Argument of type 'string' is not assignable to parameter of type 'number'.",
  ],
  [
    'an example without expected output',
    'examples/02-ring.ts:1: its expected output examples/02-ring.expected.txt is missing',
  ],
  ['an expected output without example', 'examples/03-pi.expected.txt:1: the program that prints this is missing'],
]

function check(root: string) {
  const { status, stderr, stdout } = spawnSync(process.execPath, [CHECK, root], { encoding: 'utf8' })
  return { status, mistakes: stderr.split('\n').filter((line) => line !== ''), stdout }
}

t.test('a tree without mistakes passes, and everything in it was looked at', async (t) => {
  const { status, mistakes, stdout } = check(t.testdir(GOOD))
  t.same(mistakes, [])
  t.equal(status, 0)
  t.match(
    stdout,
    '2 pages, 3 links, 1 options, 1 examples, 1 docstrings with 1 examples, 1 code blocks (1 fragments not compiled)',
  )
})

t.test('each kind of mistake is reported at its line', async (t) => {
  const { status, mistakes } = check(t.testdir(BAD))
  for (const [name, expected] of MISTAKES) {
    t.test(name, async (t) => {
      t.ok(mistakes.includes(expected), { mistakes })
    })
  }
  t.test('and nothing else is', async (t) => {
    t.equal(mistakes.length, MISTAKES.length)
    t.equal(status, 1)
  })
})
