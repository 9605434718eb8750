/** The block-cyclic distribution: exhaustive for small sizes against a literal deal, property-based for the rest. */

import fc from 'fast-check'
import t from 'tap'
import { indxg2l, indxg2p, indxl2g, leadingDimension, numroc, numrocI } from '../../../hpl/block-cyclic.ts'

/** The definition itself: deal n indices in blocks of nb, one hand after the other. */
function deal(n: number, nb: number, isrcproc: number, nprocs: number): number[][] {
  const hands: number[][] = Array.from({ length: nprocs }, () => [])
  let owner = isrcproc
  for (let start = 0; start < n; start += nb, owner = (owner + 1) % nprocs) {
    for (let ig = start; ig < Math.min(start + nb, n); ig++) hands[owner]?.push(ig)
  }
  return hands
}

t.test(
  'all functions agree with a literal deal for n < 30, nb < 8, up to 5 processes and every first owner',
  async (t) => {
    let differences = 0
    for (let nprocs = 1; nprocs <= 5; nprocs++)
      for (let isrcproc = 0; isrcproc < nprocs; isrcproc++)
        for (let nb = 1; nb < 8; nb++)
          for (let n = 0; n < 30; n++) differences += differencesFromDeal(n, nb, isrcproc, nprocs)
    t.equal(differences, 0)
  },
)

function differencesFromDeal(n: number, nb: number, isrcproc: number, nprocs: number): number {
  let differences = 0
  deal(n, nb, isrcproc, nprocs).forEach((held, p) => {
    if (numroc(n, nb, p, isrcproc, nprocs) !== held.length) differences++
    held.forEach((ig, il) => {
      if (indxg2p(ig, nb, isrcproc, nprocs) !== p) differences++
      if (indxg2l(ig, nb, nprocs) !== il) differences++
      if (indxl2g(il, nb, p, isrcproc, nprocs) !== ig) differences++
    })
  })
  return differences
}

t.test('numrocI() counts the owned indices of every range inside 0..23', async (t) => {
  const nb = 3
  for (const nprocs of [1, 2, 4]) {
    const hands = deal(24, nb, 1 % nprocs, nprocs)
    for (let i = 0; i <= 24; i++) {
      for (let m = 0; i + m <= 24; m++) {
        const counted = hands.map((held) => held.filter((ig) => ig >= i && ig < i + m).length)
        const computed = hands.map((_, p) => numrocI(m, i, nb, p, 1 % nprocs, nprocs))
        if (counted.join() !== computed.join()) t.same(computed, counted, `m=${m} i=${i} nprocs=${nprocs}`)
      }
    }
  }
  t.equal(numrocI(24, 0, nb, 0, 0, 1), 24)
})

const dimension = fc
  .record({
    nb: fc.integer({ min: 1, max: 1000 }),
    nprocs: fc.integer({ min: 1, max: 200 }),
    n: fc.integer({ min: 0, max: 2 ** 40 }),
  })
  .chain((d) => fc.record({ ...constants(d), isrcproc: fc.integer({ min: 0, max: d.nprocs - 1 }) }))

function constants<T extends Record<string, number>>(d: T): { [K in keyof T]: fc.Arbitrary<number> } {
  return Object.fromEntries(Object.entries(d).map(([k, v]) => [k, fc.constant(v)])) as {
    [K in keyof T]: fc.Arbitrary<number>
  }
}

t.test('the parts of all processes add up to n, also above 2^32', async () => {
  fc.assert(
    fc.property(dimension, ({ n, nb, nprocs, isrcproc }) => {
      let sum = 0
      for (let p = 0; p < nprocs; p++) sum += numroc(n, nb, p, isrcproc, nprocs)
      return sum === n
    }),
  )
})

t.test('global to (owner, local) and back is the identity, also above 2^32', async () => {
  fc.assert(
    fc.property(dimension, ({ n: ig, nb, nprocs, isrcproc }) => {
      const owner = indxg2p(ig, nb, isrcproc, nprocs)
      const il = indxg2l(ig, nb, nprocs)
      return indxl2g(il, nb, owner, isrcproc, nprocs) === ig && numroc(ig, nb, owner, isrcproc, nprocs) === il
    }),
  )
})

t.test('local to global is increasing in the local index', async () => {
  fc.assert(
    fc.property(dimension, fc.nat(5000), ({ nb, nprocs, isrcproc }, il) => {
      return indxl2g(il, nb, isrcproc, isrcproc, nprocs) < indxl2g(il + 1, nb, isrcproc, isrcproc, nprocs)
    }),
  )
})

t.test('leadingDimension() is the smallest multiple of align that holds mp rows and is no power of two', async (t) => {
  const powers = new Set(Array.from({ length: 40 }, (_, k) => 2 ** k))
  for (let align = 1; align <= 17; align++) {
    for (let mp = 0; mp <= 140; mp++) {
      let expected = align
      while (expected < Math.max(1, mp) || powers.has(expected)) expected += align
      if (leadingDimension(mp, align) !== expected) t.equal(leadingDimension(mp, align), expected, `${mp} ${align}`)
    }
  }
  t.equal(leadingDimension(3, 8), 24, 'neither 8 nor 16')
  t.equal(leadingDimension(0, 1), 3, 'neither 1 nor 2')
  t.equal(leadingDimension(2 ** 33, 8), 2 ** 33 + 8)
})
