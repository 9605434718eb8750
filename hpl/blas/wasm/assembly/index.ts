/**
 * What the module exports: BLAS on byte addresses of its memory. Leading dimensions and increments are in doubles, as
 * in BLAS; flags are 0 or 1. `wasm-blas.ts` is the only caller. Below: gemm, trsm, level2, level1.
 */

export { dgemm, microKernelLoop } from './gemm'
export { dtrsm } from './trsm'
export { dgemv, dger, dtrsv } from './level2'
export { idamax, dscal, daxpy, dcopy, dswap } from './level1'
export { reserve, WORK_BYTES } from './work'
