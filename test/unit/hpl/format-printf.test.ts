/** printf against glibc: 1796 conversions of ties, extremes and random doubles, printed by a C program. */

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { formatExponential, formatFixed, sprintf } from '../../../hpl/printf.ts'

type Row = [format: string, value: string | number, printed: string]

const rows = JSON.parse(
  readFileSync(new URL('../../fixtures/hpl/printf.json', import.meta.url), 'utf8'),
) as readonly Row[]

/** Doubles are stored as the 16 hexadecimal digits of their bits, integers as numbers. */
function valueOf(stored: string | number): number {
  if (typeof stored === 'number') return stored
  return new Float64Array(BigUint64Array.of(BigInt(`0x${stored}`)).buffer)[0] ?? NaN
}

t.test('sprintf() prints every recorded number as glibc does', async (t) => {
  t.ok(rows.length > 1500)
  const wrong = rows.filter(([format, value, printed]) => sprintf(format, valueOf(value)) !== printed)
  t.same(wrong, [])
})

t.test('the record holds ties and sizes that toFixed and toExponential print differently', async (t) => {
  const differ = (conversion: string, native: (x: number, digits: number) => string): number =>
    rows.filter(([format, value, printed]) => {
      const digits = Number(/\.(\d+)/.exec(format)?.[1])
      return format.endsWith(conversion) && native(valueOf(value), digits) !== printed.trim()
    }).length
  t.ok(differ('f', (x, digits) => x.toFixed(digits)) > 10)
  t.ok(differ('e', (x, digits) => x.toExponential(digits).replace(/e([+-])(\d)$/, 'e$10$2')) > 10)
})

t.test('with 17 significant digits every finite double reads back', async () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) =>
      Object.is(Number(formatExponential(x, 16)), x),
    ),
  )
})

t.test('with 1074 digits after the point every finite double is printed exactly', async () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => Object.is(Number(formatFixed(x, 1074)), x)),
    { numRuns: 50 },
  )
})

t.test('text, characters, per cent signs and the two flags', async (t) => {
  t.equal(sprintf('W%c%1d %4.1f%% %s', 'R', 12, 6.4, 'end'), 'WR12  6.4% end')
  t.equal(sprintf('[%-6d|%06d|%6s|%.2s]', -7, -7, 'ab', 'xyz'), '[-7    |-00007|    ab|xy]')
  t.equal(sprintf('[%08.1f|%08.1f]', NaN, -Infinity), '[     nan|    -inf]')
})

t.test('a missing or unsuitable value is refused, not printed as undefined', async (t) => {
  t.throws(() => sprintf('%d'), { message: 'sprintf: %d got undefined, expected a number' })
  t.throws(() => sprintf('%d', 1.5), { message: 'sprintf: %d got 1.5, expected an integer' })
  t.throws(() => sprintf('%s', 1), { message: 'sprintf: %s got 1, expected a string' })
  t.throws(() => sprintf('%e', 'x'), { message: 'sprintf: %e got x, expected a number' })
})
