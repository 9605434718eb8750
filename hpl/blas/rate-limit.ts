/**
 * Kernels that are made slower: each takes at least its flops at a given rate, and the rest of that time the thread
 * sleeps. So a few cores stand for many slower ones, and what a machine of that rate would do beside computing (send,
 * receive, wait) finds a core free, as it would there. Invariant: the time of all kernels together is that of the limit,
 * within a millisecond; how long others keep a thread waiting neither counts nor is made up for. Layer below: blas.ts.
 */
import type { Blas } from './blas.ts'

/** A sleep takes some 50 us longer than asked for; shorter ones are saved up. */
const SHORTEST_SLEEP = 100e-6
/** Kernels that were slower than the limit, and sleeps that were too long, are made up for up to this. */
const MOST_CREDIT = 1e-3

/** How the limit waits, in seconds; replaced in tests. */
export interface Pace {
  now(): number
  sleep(seconds: number): void
}

/** Kernels with flops, and how many. */
const FLOPS: { readonly [K in Kernel]: (...args: Parameters<Blas[K]>) => number } = {
  dgemm: (_transA, _transB, m, n, k) => 2 * m * n * k,
  dtrsm: (side, _uplo, _trans, _diag, m, n) => m * n * (side === 'L' ? m : n),
  dgemv: (_trans, m, n) => 2 * m * n,
  dger: (m, n) => 2 * m * n,
  dtrsv: (_uplo, _trans, _diag, n) => n * n,
  dscal: (n) => n,
  daxpy: (n) => 2 * n,
}
type Kernel = 'dgemm' | 'dtrsm' | 'dgemv' | 'dger' | 'dtrsv' | 'dscal' | 'daxpy'

/**
 * Limits the kernels that do flops to a rate. Local.
 *
 * @param gflops 10^9 flops a second of this rank, > 0
 */
export function limitRate(blas: Blas, gflops: number, pace: Pace = threadPace()): Blas {
  /** Seconds that kernels were faster than the limit and that have not been slept yet. */
  let owed = 0
  const limited = <A extends unknown[]>(kernel: (...args: A) => void, flops: (...args: A) => number) => {
    return (...args: A): void => {
      const began = pace.now()
      kernel(...args)
      owed = Math.max(owed + flops(...args) / (gflops * 1e9) - (pace.now() - began), -MOST_CREDIT)
      if (owed < SHORTEST_SLEEP) return
      const slept = pace.now()
      pace.sleep(owed)
      owed = Math.max(owed - (pace.now() - slept), -MOST_CREDIT)
    }
  }
  return {
    ...blas,
    description: `${blas.description}, limited to ${gflops} Gflops a rank`,
    dgemm: limited((...args) => blas.dgemm(...args), FLOPS.dgemm),
    dtrsm: limited((...args) => blas.dtrsm(...args), FLOPS.dtrsm),
    dgemv: limited((...args) => blas.dgemv(...args), FLOPS.dgemv),
    dger: limited((...args) => blas.dger(...args), FLOPS.dger),
    dtrsv: limited((...args) => blas.dtrsv(...args), FLOPS.dtrsv),
    dscal: limited((...args) => blas.dscal(...args), FLOPS.dscal),
    daxpy: limited((...args) => blas.daxpy(...args), FLOPS.daxpy),
  }
}

/** Kernels that let the runtime make up, right after each, for a host that shall be slower (`tsmpirun --slow-host`). Local. */
export function settleEach(blas: Blas, settle: () => void): Blas {
  const settled = <A extends unknown[]>(kernel: (...args: A) => void) => {
    return (...args: A): void => {
      kernel(...args)
      settle()
    }
  }
  return {
    ...blas,
    dgemm: settled((...args) => blas.dgemm(...args)),
    dtrsm: settled((...args) => blas.dtrsm(...args)),
    dgemv: settled((...args) => blas.dgemv(...args)),
    dger: settled((...args) => blas.dger(...args)),
    dtrsv: settled((...args) => blas.dtrsv(...args)),
    dscal: settled((...args) => blas.dscal(...args)),
    daxpy: settled((...args) => blas.daxpy(...args)),
  }
}

/** Sleeps on a word that nobody wakes. */
function threadPace(): Pace {
  const word = new Int32Array(new SharedArrayBuffer(4))
  return {
    now: () => performance.now() / 1000,
    sleep: (seconds) => void Atomics.wait(word, 0, 0, 1000 * seconds),
  }
}
