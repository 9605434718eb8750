/** The matrix generator, bit for bit against matrices, digests, jumps and local arrays printed by HPL 2.3. */

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { indxl2g, leadingDimension, numroc } from '../../../hpl/block-cyclic.ts'
import { advance, generateLocal, jumpAhead, valueOf, type Word64 } from '../../../hpl/matgen.ts'

const fixtures = new URL('../../fixtures/hpl/', import.meta.url)

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(path, fixtures), 'utf8')) as T
}

function filesOf(folder: string, prefix: string): string[] {
  const names = readdirSync(new URL(folder, fixtures)).filter((name) => name.startsWith(prefix))
  if (names.length === 0) throw new Error(`no ${prefix}* in ${folder}`)
  return names
}

/** The whole [A|b] on a 1 x 1 grid, leading dimension n, so that the array is the column-major sequence itself. */
function wholeMatrix(n: number, nb: number, seed: number): Float64Array {
  const a = new Float64Array(n * (n + 1))
  generateLocal({ n, nb, nprow: 1, npcol: 1, myrow: 0, mycol: 0, seed }, a, 0, Math.max(1, n))
  return a
}

interface FullMatrix {
  N: number
  NB: number
  seed: number
  rows: number[][]
}

for (const name of filesOf('matgen/', 'A_')) {
  t.test(`generateLocal() makes every element of ${name}`, async (t) => {
    const { N, NB, seed, rows } = readJson<FullMatrix>(`matgen/${name}`)
    const a = wholeMatrix(N, NB, seed)
    const generated = Array.from({ length: N }, (_, i) => Array.from({ length: N + 1 }, (_, j) => a[i + j * N]))
    t.strictSame(generated, rows)
  })
}

interface Digest {
  N: number
  NB: number
  seed: number
  fnv1a64: string
  sha256: string
  first16_colmajor: number[]
  last: number
}

function fnv1a64(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn
  return hash.toString(16).padStart(16, '0')
}

for (const name of filesOf('matgen/', 'digest_')) {
  t.test(`generateLocal() makes the bytes of ${name}`, async (t) => {
    const expected = readJson<Digest>(`matgen/${name}`)
    const a = wholeMatrix(expected.N, expected.NB, expected.seed)
    const bytes = new Uint8Array(a.buffer)
    t.strictSame([...a.subarray(0, 16)], expected.first16_colmajor)
    t.equal(a.at(-1), expected.last)
    t.equal(createHash('sha256').update(bytes).digest('hex'), expected.sha256)
    // The byte-wise hash needs BigInt: 0.3 s for N = 100, too slow to be worth it for more.
    if (expected.N <= 100) t.equal(fnv1a64(bytes), expected.fnv1a64)
  })
}

interface JumpTable {
  table: { n: number; A_n: string; C_n: string; X_n_seed100: string; value: number }[]
}

function hex([hi, lo]: Word64): string {
  return `0x${[hi, lo].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')}`
}

t.test('jumpAhead() gives the multipliers, increments, states and values of the jump table', async (t) => {
  const { table } = readJson<JumpTable>('matgen/jump_table.json')
  t.ok(table.length > 10)
  for (const row of table) {
    const jump = jumpAhead(row.n)
    const state = advance([0, 100], jump)
    t.strictSame(
      [hex(jump.a), hex(jump.c), hex(state), valueOf(state)],
      [row.A_n, row.C_n, row.X_n_seed100, row.value],
      `n = ${row.n}`,
    )
  }
})

t.test('a jump by j after a jump by k is the jump by j + k, up to 2^52', async () => {
  const step = fc.integer({ min: 0, max: 2 ** 52 })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), step, step, (seed, j, k) => {
      const twice = advance(advance([0, seed], jumpAhead(k)), jumpAhead(j))
      return hex(twice) === hex(advance([0, seed], jumpAhead(j + k)))
    }),
  )
})

interface LocalArrays {
  N: number
  NB: number
  P: number
  Q: number
  seed: number
  align: number
  procs: { rank: number; myrow: number; mycol: number; mp: number; nq_incl_b: number; ld: number; cols: number[][] }[]
}

for (const name of filesOf('local/', 'local_')) {
  t.test(`generateLocal() makes every process's array of ${name}`, async (t) => {
    const { N, NB, P, Q, seed, align, procs } = readJson<LocalArrays>(`local/${name}`)
    t.equal(procs.length, P * Q)
    for (const { rank, myrow, mycol, mp, nq_incl_b: nq, ld, cols } of procs) {
      t.equal(numroc(N, NB, myrow, 0, P), mp, `rows of rank ${rank}`)
      t.equal(numroc(N + 1, NB, mycol, 0, Q), nq, `columns of rank ${rank}`)
      t.equal(leadingDimension(mp, align), ld, `leading dimension of rank ${rank}`)
      const a = new Float64Array(ld * nq)
      generateLocal({ n: N, nb: NB, nprow: P, npcol: Q, myrow, mycol, seed }, a, 0, ld)
      t.strictSame(
        Array.from({ length: nq }, (_, jj) => [...a.subarray(jj * ld, jj * ld + mp)]),
        cols,
        `rank ${rank}`,
      )
    }
  })
}

t.test(
  'whatever the grid and the block size, a local element is the global one, and nothing else is written',
  async () => {
    const n = 23
    const whole = wholeMatrix(n, 4, 7)
    const place = fc.record({
      nb: fc.integer({ min: 1, max: 30 }),
      nprow: fc.integer({ min: 1, max: 5 }),
      npcol: fc.integer({ min: 1, max: 5 }),
      a0: fc.nat(9),
      pad: fc.nat(4),
    })
    fc.assert(
      fc.property(place, fc.nat(4), fc.nat(4), ({ nb, nprow, npcol, a0, pad }, r, c) => {
        const [myrow, mycol] = [r % nprow, c % npcol]
        const mp = numroc(n, nb, myrow, 0, nprow)
        const nq = numroc(n + 1, nb, mycol, 0, npcol)
        const lda = Math.max(1, mp) + pad
        const a = new Float64Array(a0 + lda * nq + 5).fill(9)
        const expected = a.slice()
        for (let jj = 0; jj < nq; jj++) {
          for (let ii = 0; ii < mp; ii++) {
            const ig = indxl2g(ii, nb, myrow, 0, nprow)
            expected[a0 + ii + jj * lda] = whole[ig + indxl2g(jj, nb, mycol, 0, npcol) * n] ?? NaN
          }
        }
        generateLocal({ n, nb, nprow, npcol, myrow, mycol, seed: 7 }, a, a0, lda)
        return a.every((value, k) => Object.is(value, expected[k]))
      }),
    )
  },
)

t.test('the value is the correctly rounded 0.5 - X / 2^64 for all states', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (hi, lo) => {
      const x = (BigInt(hi) << 32n) | BigInt(lo)
      return valueOf([hi, lo]) === 0.5 - Number(x) / 2 ** 64
    }),
  )
})

t.test(
  'an array that is too short or a leading dimension below the rows is refused before anything is written',
  async (t) => {
    const part = { n: 5, nb: 2, nprow: 1, npcol: 1, myrow: 0, mycol: 0, seed: 100 }
    const a = new Float64Array(29)
    t.throws(() => generateLocal(part, a, 0, 5), { message: /5 x 6 values from 0 on end at 30, the array at 29/ })
    t.throws(() => generateLocal(part, a, 0, 4), { message: /lda is 4, expected at least 5/ })
    t.ok(a.every((value) => value === 0))
  },
)

t.test('an empty matrix is only the check of its arguments', async (t) => {
  t.doesNotThrow(() => {
    generateLocal({ n: 0, nb: 4, nprow: 1, npcol: 1, myrow: 0, mycol: 0, seed: 100 }, new Float64Array(0), 0, 1)
  })
})
