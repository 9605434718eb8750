/** Proposals for a measurement: they fit, they are whole, and the reasons are those of the case. */
import fc from 'fast-check'
import t from 'tap'
import { advise, adviceParameters, formatBytes, type Machines } from '../../../hpl/advice/advice.ts'
import type { Blas } from '../../../hpl/blas/blas.ts'
import { formatHplDat, parseHplDat } from '../../../hpl/input.ts'
import { Arena, layOut } from '../../../hpl/local-system.ts'
import { placeRanks } from '../../../runtime/launcher/placement.ts'

const GiB = 2 ** 30

function machines(ranks: readonly number[], memoryBytes: number, more: Partial<Machines> = {}): Machines {
  const hosts = ranks.map((count, index) => ({ name: `node${index}`, ranks: count }))
  return { hosts, memoryBytes, fraction: 0.8, blas: 'openblas', ...more }
}

/** Doubles that the solver asks its kernels for. */
function allocated(
  n: number,
  nb: number,
  depth: number,
  at: { nprow: number; npcol: number; myrow: number; mycol: number },
): number {
  let doubles = 0
  const counting = { alloc: (count: number) => ((doubles = count), new Float64Array(0)), free: () => undefined }
  layOut({ n, nb, depth, align: 8 }, at as never, new Arena(counting as unknown as Blas))
  return doubles
}

const CASES = [
  { ranks: [1], memory: 8 * GiB, blas: 'openblas', expect: { n: 29_184, nb: 192, p: 1, q: 1, pmap: 'row' } },
  { ranks: [4], memory: 16 * GiB, blas: 'openblas', expect: { n: 41_280, nb: 192, p: 2, q: 2, pmap: 'row' } },
  { ranks: [6], memory: 16 * GiB, blas: 'openblas', expect: { n: 41_280, nb: 192, p: 2, q: 3, pmap: 'row' } },
  { ranks: [7], memory: 16 * GiB, blas: 'openblas', expect: { n: 41_280, nb: 192, p: 1, q: 7, pmap: 'row' } },
  { ranks: [4, 4, 4], memory: 8 * GiB, blas: 'openblas', expect: { n: 50_688, nb: 192, p: 2, q: 6, pmap: 'column' } },
  { ranks: [4, 4], memory: 8 * GiB, blas: 'openblas', expect: { n: 41_280, nb: 192, p: 2, q: 4, pmap: 'column' } },
  { ranks: [3, 2], memory: 8 * GiB, blas: 'openblas', expect: { n: 37_824, nb: 192, p: 1, q: 5, pmap: 'column' } },
] as const

for (const { ranks, memory, blas, expect } of CASES)
  t.test(`${ranks.join(' + ')} ranks with ${formatBytes(memory)} a host: ${expect.p} x ${expect.q}`, async (t) => {
    t.match(advise(machines(ranks, memory, { blas })), expect)
  })

t.test('what is proposed fits into every host, is a whole number of blocks and uses all ranks', async (t) => {
  const hosts = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 })
  const memory = fc.integer({ min: 20, max: 400 }).map((eighths) => 2 ** (20 + eighths / 20))
  const blas = fc.constantFrom('openblas', 'wasm', 'ordered')
  const fraction = fc.constantFrom(0.5, 0.8, 0.9)
  fc.assert(
    fc.property(hosts, memory, blas, fraction, (perHost, memoryBytes, kind, part) => {
      const given = machines(perHost, memoryBytes * perHost.length, { blas: kind, fraction: part })
      const total = perHost.reduce((a, b) => a + b)
      let advice
      try {
        advice = advise(given)
      } catch (error) {
        t.match(error, { name: 'RangeError', message: /too little/ })
        return
      }
      const { n, nb, p, q, ranks } = advice
      t.ok(n > 0 && n % nb === 0 && p * q === ranks && ranks === total && p <= q, JSON.stringify(advice))
      // Process (0, 0) has the most blocks.
      const bytes = 8 * allocated(n, nb, 1, { nprow: p, npcol: q, myrow: 0, mycol: 0 })
      const fullest = Math.max(...perHost)
      t.ok(bytes * fullest <= 0.9 * given.memoryBytes, `${bytes} bytes a rank, ${JSON.stringify(given)}`)
      t.ok(8 * n * n * (fullest / total) <= part * given.memoryBytes)
      t.ok(kind !== 'wasm' || bytes < 2 ** 32)
    }),
    { numRuns: 300 },
  )
})

t.test('one block more would break the rule', async (t) => {
  for (const ranks of [[1], [4], [2, 2]]) {
    const given = machines(ranks, 64 * GiB)
    const { n, nb, limit } = advise(given)
    t.equal(limit, 'fraction')
    t.ok(8 * (n + nb) ** 2 > 0.8 * given.memoryBytes * ranks.length)
  }
})

t.test('on several hosts no process column crosses the network', async (t) => {
  for (const slots of [
    [4, 4, 4],
    [2, 4],
    [6, 3],
    [8, 8],
  ]) {
    const { p, q, pmap } = advise(machines(slots, 8 * GiB))
    const hosts = slots.map((count, index) => ({ name: `node${index}`, slots: count }))
    const request = {
      size: p * q,
      hosts,
      isLocal: () => true,
      defaultSlots: 1,
      emulateHosts: undefined,
      ranksPerAgent: undefined,
    }
    const plans = placeRanks(request)
    t.equal(pmap, 'column')
    for (const { ranks } of plans)
      for (const rank of ranks) {
        const column = Array.from({ length: p }, (_, row) => Math.floor(rank / p) * p + row)
        t.ok(
          column.every((other) => ranks.includes(other)),
          `${slots.join('+')}: column of rank ${rank}`,
        )
      }
  }
})

t.test('wasm kernels limit N to what a rank can address, and the reason says so', async (t) => {
  const { n, limit, why } = advise(machines([1], 64 * GiB, { blas: 'wasm' }))
  t.equal(limit, 'wasm')
  t.ok(n < Math.sqrt(2 ** 32 / 8))
  t.match(why.n, /4 GiB a rank/)
})

t.test('small memory makes smaller blocks, and the reason says so', async (t) => {
  const { nb, why } = advise(machines([4], 64 * 2 ** 20))
  t.ok(nb < 192)
  t.match(why.nb, /Smaller than the 192/)
})

t.test('memory for not even a block each is refused with both sizes', async (t) => {
  t.throws(() => advise(machines([8], 20_000)), {
    name: 'RangeError',
    message: /^19\.5 KiB a host are too little for 8 ranks/,
  })
})

t.test('the HPL.dat of a proposal reads back without a warning', async (t) => {
  const advice = advise(machines([4], 16 * GiB))
  const parsed = parseHplDat(formatHplDat(adviceParameters(advice)), 4)
  t.match(parsed, { ok: true, warnings: [], parameters: { n: [advice.n], nb: [advice.nb], grids: [{ p: 2, q: 2 }] } })
})
