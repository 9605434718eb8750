import fc from 'fast-check'
import t from 'tap'
import { encodeZ85 } from '../../../runtime/base/z85.ts'

t.test('Z85 is that of its specification', (t) => {
  t.equal(encodeZ85(Buffer.from('864fd26fb559f75b', 'hex')), 'HelloWorld')
  t.equal(encodeZ85(Buffer.alloc(0)), '')
  t.end()
})

t.test('different bytes have different texts, five characters for four bytes', (t) => {
  const words = fc.uint8Array({ minLength: 8, maxLength: 8 })
  fc.assert(
    fc.property(words, words, (one, other) => {
      const [text, second] = [encodeZ85(Buffer.from(one)), encodeZ85(Buffer.from(other))]
      return text.length === 10 && (text === second) === (Buffer.compare(one, other) === 0)
    }),
  )
  t.end()
})
