/** The rate of the kernels on this machine, measured where HPL spends its time: the rank-NB update. Layer below: blas/. */
import type { Blas } from '../blas/blas.ts'

/** Local matrix of the measurement: too large for a cache, small enough to be quick. */
const ORDER = 1000
const REPEATS = 5

/**
 * Gflops of one rank in dgemm with K = NB, the best of a few calls, since whatever disturbs makes it slower. Takes a
 * fraction of a second. Local.
 */
export function measureRate(blas: Blas, nb: number): number {
  const lda = ORDER + 8
  const memory = blas.alloc(lda * (ORDER + 2 * nb))
  for (let i = 0; i < memory.length; i++) memory[i] = ((i * 37) % 101) / 101 - 0.5
  const [a, b] = [lda * ORDER, lda * (ORDER + nb)]
  let best = 0
  for (let k = 0; k <= REPEATS; k++) {
    const began = performance.now()
    blas.dgemm('N', 'T', ORDER, ORDER, nb, -1e-9, memory, a, lda, memory, b, lda, 1, memory, 0, lda)
    best = Math.max(best, (2 * ORDER * ORDER * nb) / (performance.now() - began) / 1e6)
  }
  blas.free(memory)
  return best
}
