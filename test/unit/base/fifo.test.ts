/** A queue beside an array that does the same. */
import fc from 'fast-check'
import t from 'tap'
import { Fifo } from '../../../runtime/base/fifo.ts'

t.test('Fifo gives back what it took, in order', async () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 5000, minLength: 3000 }), (operations) => {
      const fifo = new Fifo<number>()
      const model: number[] = []
      return operations.every((push, i) => {
        if (push || i < 2500) {
          fifo.push(i)
          model.push(i)
        } else if (fifo.shift() !== model.shift()) return false
        return fifo.first === model[0] && fifo.length === model.length
      })
    }),
    { numRuns: 20 },
  )
})
