/** Copies between storage by rows and by columns. */
import fc from 'fast-check'
import t from 'tap'
import { columnsToRows, rowsToColumns } from '../../../hpl/transpose.ts'

const shape = fc.record({
  m: fc.nat(20),
  n: fc.nat(12),
  rowGap: fc.nat(3),
  columnGap: fc.nat(3),
  offset: fc.nat(5),
})

t.test('both copies move every element and write nothing else', async () => {
  fc.assert(
    fc.property(shape, fc.boolean(), ({ m, n, rowGap, columnGap, offset }, toRows) => {
      const [ldr, ldc] = [n + rowGap, m + columnGap]
      const rows = offset
      const columns = rows + m * ldr + offset
      const memory = Float64Array.from({ length: columns + n * ldc + offset }, (_, k) => k)
      const expected = memory.slice()
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++) {
          const [row, column] = [rows + i * ldr + j, columns + i + j * ldc]
          if (toRows) expected[row] = column
          else expected[column] = row
        }
      if (toRows) columnsToRows(memory, m, n, columns, ldc, rows, ldr)
      else rowsToColumns(memory, m, n, rows, ldr, columns, ldc)
      return memory.every((value, k) => value === expected[k])
    }),
  )
})
