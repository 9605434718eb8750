/** The closing line of `npm test` is true: what scripts/count-tests.mjs makes of TAP streams of every kind. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const MODULE = new URL('../../scripts/count-tests.mjs', import.meta.url).href
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Counts in a process of its own, as the module is plain JavaScript without types. */
function count(tap: string): unknown {
  const program = `import { countTests } from '${MODULE}'; import { readFileSync } from 'node:fs';
    console.log(JSON.stringify(countTests(readFileSync(0, 'utf8'))))`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: ROOT,
    input: tap,
    encoding: 'utf8',
  })
  return JSON.parse(stdout)
}

const STREAMS = [
  {
    name: 'the innermost blocks are the tests, whatever number of assertions they hold',
    tap: `TAP version 14
# Subtest: file
    # Subtest: outer
        # Subtest: first
            ok 1 - a
            ok 2 - b
            1..2
        ok 1 - first
        # Subtest: second
            ok 1 - c
            1..1
        ok 2 - second
        1..2
    ok 1 - outer
    1..1
ok 1 - file
1..1
`,
    expected: { passed: 2, failed: 0, failures: [], skips: [] },
  },
  {
    name: 'a failed test counts once and is named, its parents do not count',
    tap: `TAP version 14
# Subtest: file
    # Subtest: first
        not ok 1 - a
        not ok 2 - b
        1..2
    not ok 1 - first
    # Subtest: second
        ok 1 - c
        1..1
    ok 2 - second
    1..2
not ok 1 - file
1..1
`,
    expected: { passed: 1, failed: 1, failures: ['file > first'], skips: [] },
  },
  {
    name: 'a file that fails after its tests passed counts as one failure',
    tap: `TAP version 14
# Subtest: file
    # Subtest: first
        ok 1 - a
        1..1
    ok 1 - first
    1..1
not ok 1 - file
  ---
  exitCode: 1
  ...
1..1
`,
    expected: { passed: 1, failed: 1, failures: ['file'], skips: [] },
  },
  {
    name: 'a file that ends before its first test counts as one failure',
    tap: 'TAP version 14\nnot ok 1 - file\n  ---\n  exitCode: 3\n  ...\n1..1\n',
    expected: { passed: 0, failed: 1, failures: ['file'], skips: [] },
  },
  {
    name: 'skipped tests count neither as passed nor as failed',
    tap: `TAP version 14
# Subtest: file
    ok 1 - later # SKIP no library
    # Subtest: first
        ok 1 - a
        1..1
    ok 2 - first
    not ok 3 - some day # TODO
    1..3
ok 1 - file
1..1
`,
    expected: {
      passed: 1,
      failed: 0,
      failures: [],
      skips: [
        { name: 'file > later', reason: 'no library' },
        { name: 'file > some day', reason: 'no reason given' },
      ],
    },
  },
  {
    name: 'a file that bails out counts as a failure',
    tap: 'TAP version 14\nok 1 - file # SKIP none\nBail out! no memory\n',
    expected: { passed: 0, failed: 1, failures: ['Bail out! no memory'], skips: [{ name: 'file', reason: 'none' }] },
  },
]

for (const { name, tap, expected } of STREAMS) {
  t.test(name, async (t) => {
    t.same(count(tap), expected)
  })
}
