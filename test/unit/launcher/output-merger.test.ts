/** Merged output: no line holds text of two ranks, and nothing is lost. */
import fc from 'fast-check'
import t from 'tap'
import { linePrefix } from '../../../runtime/launcher/line-prefix.ts'
import { OutputMerger, type Fd } from '../../../runtime/launcher/output-merger.ts'

const prefix = (tag: boolean) => linePrefix({ tag, timestamps: false, coloured: () => false })

function merge(pieces: readonly { rank: number; fd: Fd; text: string }[], tag: boolean): Record<Fd, string> {
  const shown: Record<Fd, string> = { 1: '', 2: '' }
  const merger = new OutputMerger((fd, bytes) => (shown[fd] += Buffer.from(bytes).toString()), prefix(tag))
  for (const { rank, fd, text } of pieces) merger.push(rank, fd, Buffer.from(text))
  merger.flush()
  return shown
}

t.test('OutputMerger passes whole lines on and holds back beginnings', async (t) => {
  const pieces = [
    { rank: 0, fd: 1 as const, text: 'a b' },
    { rank: 1, fd: 1 as const, text: 'second\n' },
    { rank: 0, fd: 1 as const, text: ' c\nd' },
  ]
  t.equal(merge(pieces, false)[1], 'second\na b c\nd')
  t.equal(merge(pieces, true)[1], '[1] second\n[0] a b c\n[0] d')
})

t.test('OutputMerger begins a new line for another rank when an incomplete line has been shown', async (t) => {
  let shown = ''
  const merger = new OutputMerger((_, bytes) => (shown += Buffer.from(bytes).toString()), prefix(true))
  merger.push(0, 1, Buffer.from('name? '))
  merger.flush()
  merger.push(0, 1, Buffer.from('goes on\n'))
  merger.push(1, 1, Buffer.from('prompt '))
  merger.flush()
  merger.push(2, 1, Buffer.from('line\n'))
  t.equal(shown, '[0] name? goes on\n[1] prompt \n[2] line\n')
})

t.test('OutputMerger keeps every rank its own text, whatever the pieces', async () => {
  const piece = fc.record({
    rank: fc.integer({ min: 0, max: 3 }),
    fd: fc.constantFrom<Fd>(1, 2),
    text: fc.string({ unit: fc.constantFrom(...'ab\n'), maxLength: 8 }),
  })
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      // Each rank writes letters of its own, so that a mixed line shows.
      const own = pieces.map(({ rank, fd, text }) => ({ rank, fd, text: text.replace(/[ab]/g, String(rank)) }))
      const shown = merge(own, false)
      return ([1, 2] as const).every((fd) => {
        const lines = shown[fd].split('\n')
        const digits = (text: string): string => [...text.replace(/\n/g, '')].sort().join('')
        const written = own.filter((one) => one.fd === fd).map(({ text }) => text)
        return lines.every((line) => new Set(line).size <= 1) && digits(shown[fd]) === digits(written.join(''))
      })
    }),
  )
})
