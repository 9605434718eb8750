// Counts the tests in a TAP stream, which tap's own parser reads. A test is a `t.test()` block without blocks inside: the
// sentences of the test files. Assertions are not counted, so a loop over a thousand inputs is one test. What fails outside
// of every such block (a file that crashes, times out or breaks its plan) is one failed test, so no failure is lost.
import { Parser } from 'tap-parser'

/**
 * Tests of a TAP stream.
 *
 * @param {string} tap the whole TAP text of a run
 * @returns {{ passed: number, failed: number, failures: string[], skips: { name: string, reason: string }[] }} with the
 *   full names of tests that failed or were skipped
 */
export function countTests(tap) {
  const counts = { passed: 0, failed: 0, failures: [], skips: [] }
  countInside(Parser.parse(tap), [], counts)
  return counts
}

/** Counts the events of one block; true if they are nothing but assertions of one test. */
function countInside(events, path, counts) {
  let isOneTest = true
  let assertions = 0
  let child
  for (const [type, payload] of events) {
    if (type === 'child') child = payload
    if (type === 'bailout') fail(counts, [...path, `Bail out! ${payload}`])
    if (type !== 'assert') continue
    assertions++
    const reason = payload.skip || payload.todo
    if (reason)
      counts.skips.push({
        name: fullName([...path, payload.name]),
        reason: reason === true ? 'no reason given' : reason,
      })
    else if (child !== undefined) countBlock(payload, child, [...path, payload.name], counts)
    else if (!payload.ok && path.length === 0) fail(counts, [payload.name])
    if (child !== undefined || reason) isOneTest = false
    child = undefined
  }
  return isOneTest && assertions > 0
}

/** Counts a block by its own result, unless it holds blocks that were counted by theirs. */
function countBlock(result, events, path, counts) {
  const failedBefore = counts.failed
  const isOneTest = countInside(events, path, counts)
  if (result.ok && isOneTest) counts.passed++
  if (!result.ok && counts.failed === failedBefore) fail(counts, path)
}

function fail(counts, path) {
  counts.failed++
  counts.failures.push(fullName(path))
}

function fullName(path) {
  return path.join(' > ')
}
