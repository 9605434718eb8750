/** Kernels slowed down to a rate: with a clock that the test turns. */
import fc from 'fast-check'
import t from 'tap'
import type { Blas } from '../../../hpl/blas/blas.ts'
import { limitRate } from '../../../hpl/blas/rate-limit.ts'

/** Kernels that take `seconds()` each on a clock of their own, and sleeps that last `late` longer than asked for. */
function machine(seconds: () => number, late = 0) {
  let now = 0
  const kernel = (): void => void (now += seconds())
  const blas = { description: 'test', dgemm: kernel, dger: kernel } as unknown as Blas
  const pace = { now: () => now, sleep: (time: number) => void (now += time + late) }
  const gemm = (limited: Blas, n: number): void => {
    const a = new Float64Array(1)
    limited.dgemm('N', 'N', n, n, n, 1, a, 0, 1, a, 0, 1, 1, a, 0, 1)
  }
  return { blas, pace, gemm, clock: () => now, wait: (time: number) => void (now += time) }
}

t.test('kernels together take the time of the limit, though sleeps last too long', async () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0, max: 2e-4, noNaN: true }),
      (orders, late) => {
        const { blas, pace, gemm, clock } = machine(() => 1e-7, late)
        const limited = limitRate(blas, 2, pace)
        for (const n of orders) gemm(limited, n)
        const expected = orders.reduce((sum, n) => sum + (2 * n ** 3) / 2e9, 0)
        return clock() > expected - 2e-4 && clock() < expected + orders.length * 1e-7 + 4e-4
      },
    ),
  )
})

t.test('time that passes between kernels is not made up for', async (t) => {
  const { blas, pace, gemm, clock, wait } = machine(() => 0)
  const limited = limitRate(blas, 1, pace)
  gemm(limited, 100)
  wait(10)
  gemm(limited, 100)
  t.ok(Math.abs(clock() - 10.004) < 1e-9)
})

t.test('kernels slower than the limit are as slow as they are', async (t) => {
  const { blas, pace, gemm, clock } = machine(() => 1)
  const limited = limitRate(blas, 1000, pace)
  for (let k = 0; k < 5; k++) gemm(limited, 10)
  t.equal(clock(), 5)
  t.equal(limited.description, 'test, limited to 1000 Gflops a rank')
})
