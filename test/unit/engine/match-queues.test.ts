/** Matching against a naive model: two lists that are searched from the front. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { ANY_SOURCE, ANY_TAG } from '../../../runtime/base/constants.ts'
import { PostedQueue, UnexpectedQueue, type MatchKey } from '../../../runtime/engine/match-queues.ts'

interface Entry extends MatchKey {
  readonly name: number
}

function accepts(receive: MatchKey, message: MatchKey): boolean {
  return (
    receive.context === message.context &&
    (receive.source === ANY_SOURCE || receive.source === message.source) &&
    (receive.tag === ANY_TAG || receive.tag === message.tag)
  )
}

/** Entries are named in the order of their coming. */
function byName(a: Entry, b: Entry): number {
  return a.name - b.name
}

/** Takes the first entry that fits out of a list. */
function takeFirst(list: Entry[], fits: (entry: Entry) => boolean): Entry | undefined {
  const index = list.findIndex(fits)
  return index === -1 ? undefined : list.splice(index, 1)[0]
}

// Few values, so that entries often match; tags and ranks at the ends of their ranges too.
const context = fc.constantFrom(0, 1, 2 ** 31 - 1)
const source = fc.constantFrom(0, 1, 1_000_000)
const tag = fc.constantFrom(0, 1, 2 ** 31 - 1)
const message = fc.record({ context, source, tag })
const receive = fc.record({
  context,
  source: fc.oneof(source, fc.constant(ANY_SOURCE)),
  tag: fc.oneof(tag, fc.constant(ANY_TAG)),
})
const step = fc.oneof(
  fc.record({ kind: fc.constant('message' as const), key: message }),
  fc.record({ kind: fc.constant('receive' as const), key: receive }),
  fc.record({ kind: fc.constant('cancel' as const), which: fc.nat() }),
  fc.record({ kind: fc.constant('peek' as const), key: receive }),
)

t.test('posted and unexpected queues together do what searching two lists from the front does', async (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const posted = new PostedQueue<Entry>()
      const unexpected = new UnexpectedQueue<Entry>()
      const postedList: Entry[] = []
      const unexpectedList: Entry[] = []
      for (const [name, action] of steps.entries()) {
        if (action.kind === 'message') {
          const entry = { ...action.key, name }
          const expected = takeFirst(postedList, (waiting) => accepts(waiting, entry))
          if (posted.match(entry) !== expected) return false
          if (expected === undefined) {
            unexpected.add(entry)
            unexpectedList.push(entry)
          }
        } else if (action.kind === 'receive') {
          const entry = { ...action.key, name }
          const expected = takeFirst(unexpectedList, (arrived) => accepts(entry, arrived))
          if (unexpected.match(entry) !== expected) return false
          if (expected === undefined) {
            posted.add(entry)
            postedList.push(entry)
          }
        } else if (action.kind === 'peek') {
          const expected = unexpectedList.find((arrived) => accepts(action.key, arrived))
          if (unexpected.peek(action.key) !== expected) return false
          const { context } = action.key
          if (unexpected.oldest(context) !== unexpectedList.find((arrived) => arrived.context === context)) return false
        } else {
          const cancelled = postedList[action.which % (postedList.length + 1)]
          if (cancelled === undefined) continue
          takeFirst(postedList, (waiting) => waiting === cancelled)
          if (!posted.remove(cancelled) || posted.remove(cancelled)) return false
        }
        if (posted.size !== postedList.length || unexpected.size !== unexpectedList.length) return false
        if (!isDeepStrictEqual([...posted], postedList)) return false
        if (!isDeepStrictEqual([...unexpected].sort(byName), unexpectedList)) return false
      }
      return true
    }),
    { numRuns: 1000 },
  )
  t.pass('1000 sequences')
})

t.test('sources and tags at the ends of their ranges are told apart', async (t) => {
  const keys = [-1, 0, 1022, 1023, 1024, 2 ** 20 - 1].flatMap((source) =>
    [-1, 0, 0xffffe, 0xfffff, 0x100000, 2 ** 31 - 1].map((tag) => ({ context: 0, source, tag })),
  )
  const exact = keys.filter(({ source, tag }) => source >= 0 && tag >= 0)
  for (const receive of keys) {
    const posted = new PostedQueue<MatchKey>()
    for (const message of exact) {
      posted.add(receive)
      const fits = accepts(receive, message)
      if ((posted.match(message) === receive) !== fits) t.fail(`${JSON.stringify(receive)} ${JSON.stringify(message)}`)
      if (!fits) posted.remove(receive)
    }
    const unexpected = new UnexpectedQueue<MatchKey>()
    for (const message of exact) unexpected.add(message)
    if (unexpected.peek(receive) !== exact.find((message) => accepts(receive, message)))
      t.fail(`peek ${JSON.stringify(receive)}`)
  }
  t.pass(`${keys.length} receives, ${exact.length} messages`)
})

/** Operations that a queue of n entries costs, by counting the reads of `source`. */
function readsPerMatch(n: number): number {
  let reads = 0
  const entry = (source: number): MatchKey => ({
    context: 0,
    tag: 0,
    get source() {
      reads++
      return source
    },
  })
  const posted = new PostedQueue<MatchKey>()
  for (let i = 0; i < n; i++) posted.add(entry(i))
  reads = 0
  for (let i = n - 1; i >= 0; i--) posted.match({ context: 0, source: i, tag: 0 })
  return reads / n
}

t.test('an exact match costs the same among 10 000 outstanding receives as among 10', async (t) => {
  t.equal(readsPerMatch(10_000), readsPerMatch(10))
})
