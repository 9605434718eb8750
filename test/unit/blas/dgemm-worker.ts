/**
 * A thread that creates a wasm backend, multiplies two matrices of integers and posts the sum of the product.
 */

import { parentPort } from 'node:worker_threads'
import { createWasmBlas } from '../../../hpl/blas/wasm/wasm-blas.ts'

const N = 50

/** Each of the N x N elements is a sum of N products 2 x 3. */
export const SUM = 6 * N ** 3

const blas = createWasmBlas({ maxBytes: 2 ** 26 })
const [a, b, c] = [blas.alloc(N * N).fill(2), blas.alloc(N * N).fill(3), blas.alloc(N * N)]
blas.dgemm('N', 'N', N, N, N, 1, a, 0, N, b, 0, N, 0, c, 0, N)
parentPort?.postMessage(c.reduce((sum, value) => sum + value, 0))
