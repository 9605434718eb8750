/**
 * The heap below the wasm backend: blocks never overlap, come back whole, and shortage says what to do.
 */

import fc from 'fast-check'
import t from 'tap'
import { Heap } from '../../../hpl/blas/wasm/heap.ts'

const START = 1 << 16
const END = START + (1 << 20)

t.test('blocks of Heap are aligned, inside, and never overlap', async () => {
  const step = fc.record({ bytes: fc.integer({ min: 0, max: 60_000 }), release: fc.nat(30), keep: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const heap = new Heap(START, END)
      const live: { start: number; end: number }[] = []
      for (const { bytes, release, keep } of steps) {
        if (!keep && live.length > 0) {
          const [gone] = live.splice(release % live.length, 1)
          if (gone !== undefined) heap.release(gone.start)
          continue
        }
        if (bytes > heap.available().largest) continue
        const { start } = heap.allocate(bytes)
        const block = { start, end: start + bytes }
        if (start % 64 !== 0 || start < START || block.end > END) throw new Error(`bad block at ${start}`)
        const other = live.find((candidate) => candidate.start < block.end && start < candidate.end)
        if (other !== undefined) throw new Error(`[${start}, ${block.end}) overlaps [${other.start}, ${other.end})`)
        live.push(block)
      }
      for (const { start } of live) heap.release(start)
      const { bytes, largest } = heap.available()
      if (bytes !== END - START || largest !== bytes)
        throw new Error(`${bytes} bytes free, largest ${largest}, after all came back`)
    }),
  )
})

t.test('Heap knows which bytes of a block were never handed out before', async (t) => {
  const heap = new Heap(START, END)
  const first = heap.allocate(128)
  t.equal(first.fresh, first.start, 'a first block is all fresh')
  heap.release(first.start)
  const second = heap.allocate(256)
  t.same(second, { start: first.start, fresh: first.start + 128 }, 'its used part is not')
  heap.release(second.start)
  t.equal(heap.allocate(64).fresh, first.start + 256, 'nor any part used since')
})

t.test('Heap says what is missing and what to do', async (t) => {
  const heap = new Heap(START, END)
  heap.allocate(2 ** 19)
  t.throws(() => heap.allocate(2 ** 20), {
    name: 'RangeError',
    message: /1\.0 MiB asked for, .*the 1\.0 MiB .* 0\.5 MiB are free.*more ranks.*--blas openblas/,
  })
})

t.test('Heap refuses to take a block back twice', async (t) => {
  const heap = new Heap(START, END)
  const { start } = heap.allocate(100)
  heap.release(start)
  t.throws(() => heap.release(start), {
    name: 'RangeError',
    message: `free: no allocated block starts at byte ${start}`,
  })
})
