/** The status of the latest message, kept for the next of its kind. */
import t from 'tap'
import { runRanks } from '../../../testing.ts'
import { LatestStatus } from '../../../runtime/comm/status.ts'

t.test('messages of one kind in a row have one status, which nobody can change', async (t) => {
  const latest = new LatestStatus()
  const status = latest.tell(3, 7, 16, 8)
  t.strictSame(status, { source: 3, tag: 7, count: 2, nbytes: 16, cancelled: false })
  const first = latest.promise
  t.equal(await first, status)
  t.equal(latest.tell(3, 7, 16, 8), status)
  t.equal(latest.promise, first)
  t.throws(() => ((status as { tag: number }).tag = 8), TypeError)
})

t.test('source, tag, bytes and elements each make another status, with a promise of its own', async (t) => {
  const latest = new LatestStatus()
  const told = [latest.tell(3, 7, 16, 8)]
  for (const [source, tag, nbytes, elementNbytes] of [
    [4, 7, 16, 8],
    [4, 8, 16, 8],
    [4, 8, 24, 8],
    [4, 8, 24, 4],
  ] as const) {
    const status = latest.tell(source, tag, nbytes, elementNbytes)
    t.strictSame(status, { source, tag, count: nbytes / elementNbytes, nbytes, cancelled: false })
    t.equal(await latest.promise, status)
    t.notOk(told.includes(status))
    told.push(status)
  }
})

t.test('what receives tell stays what it was when later messages differ', async (t) => {
  await runRanks(2, async ({ world }) => {
    const tags = [5, 5, 6, 5, 6, 6]
    if (world.rank === 0) for (const tag of tags) await world.send(Int32Array.of(tag), { dest: 1, tag })
    else {
      const told = []
      for (const tag of tags) told.push(await world.recv(new Int32Array(1), { source: 0, tag }))
      t.strictSame(
        told.map(({ tag, count }) => [tag, count]),
        tags.map((tag) => [tag, 1]),
      )
    }
  })
})
