/** Output queues: bytes leave in order and whole, readers that pause are waited for, errors are told once. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { linePrefix } from '../../../runtime/launcher/line-prefix.ts'
import { Backlog, OutputQueue } from '../../../runtime/launcher/output-queue.ts'

const folder = mkdtempSync(join(tmpdir(), 'tsmpi-test-'))
t.teardown(() => rmSync(folder, { recursive: true }))

const nothing = (): void => undefined

t.test('OutputQueue writes everything, in order, whatever the pieces', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 60 }), async (pieces) => {
      const path = join(folder, 'out')
      const fd = openSync(path, 'w')
      const backlog = new Backlog(nothing, nothing)
      const queue = new OutputQueue(fd, backlog, nothing)
      for (const piece of pieces) queue.write(piece)
      await backlog.drained()
      closeSync(fd)
      return readFileSync(path).equals(Buffer.concat(pieces))
    }),
    { numRuns: 50 },
  )
})

t.test('OutputQueue asks to hold back when much waits, and says when there is room', async (t) => {
  const told: string[] = []
  const backlog = new Backlog(
    () => told.push('full'),
    () => told.push('room'),
  )
  const fd = openSync('/dev/null', 'w')
  const queue = new OutputQueue(fd, backlog, nothing)
  for (let i = 0; i < 9; i++) queue.write(new Uint8Array(1 << 20))
  t.same(told, ['full'])
  await backlog.drained()
  t.same(told, ['full', 'room'])
  closeSync(fd)
})

t.test('OutputQueue tells an error once and drops the rest', async (t) => {
  const codes: (string | undefined)[] = []
  const backlog = new Backlog(nothing, nothing)
  const fd = openSync('/dev/full', 'w')
  const queue = new OutputQueue(fd, backlog, ({ code }) => codes.push(code))
  for (let i = 0; i < 3; i++) queue.write(Buffer.from('text'))
  await backlog.drained()
  queue.write(Buffer.from('more'))
  await backlog.drained()
  t.same(codes, ['ENOSPC'])
  closeSync(fd)
})

t.test('linePrefix() puts time, rank and colour in front, as asked', async (t) => {
  const noon = new Date(2026, 10, 21, 12, 0, 0, 7).getTime()
  const prefix = (tag: boolean, timestamps: boolean, colour: boolean): string =>
    linePrefix({ tag, timestamps, coloured: () => colour }, () => noon)(3, 1)
  t.equal(prefix(false, false, true), '')
  t.equal(prefix(true, false, false), '[3] ')
  t.equal(prefix(false, true, true), '2026-11-21 12:00:00.007 ')
  t.equal(prefix(true, true, true), '2026-11-21 12:00:00.007 \x1b[35m[3]\x1b[39m ')
})
