/**
 * The choice of a backend, and what a user reads who chose one that cannot be had.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import t from 'tap'
import { findCblas } from '../../../hpl/blas/openblas.ts'
import { createBlas, type BlasChoice } from '../../../hpl/blas/select.ts'
import { hostMemory } from './matrices.ts'

const library = findCblas()

t.test('createBlas() gives the backend that was asked for', async (t) => {
  t.equal((await createBlas('wasm', hostMemory)).kind, 'wasm')
  t.equal((await createBlas('ordered', hostMemory)).kind, 'ordered')
})

t.test('createBlas() takes the library of the system if there is one, else the embedded kernels', async (t) => {
  const blas = await createBlas('auto', hostMemory)
  t.equal(blas.kind, library === undefined ? 'wasm' : 'openblas')
})

t.test(
  'createBlas() finds a library by name and by path',
  { skip: library === undefined && 'no CBLAS library' },
  async (t) => {
    const found = library ?? ''
    for (const name of [found, path.basename(found)]) {
      const blas = await createBlas('openblas', hostMemory, { library: name, threads: 1 })
      t.equal(blas.kind, 'openblas')
      t.not(blas.description, '')
    }
  },
)

t.test('kernels that run in one thread refuse more, and say which do not', async (t) => {
  for (const choice of ['wasm', 'ordered'] as const)
    await t.rejects(createBlas(choice, hostMemory, { threads: 2 }), {
      message: /^--threads-per-rank 2: only the kernels of a CBLAS library .* --blas openblas$/,
    })
})

t.test('an unknown backend is refused with the allowed ones', async (t) => {
  const choice = 'mkl' as BlasChoice
  await t.rejects(createBlas(choice, hostMemory), {
    message: '--blas is "mkl", expected auto, wasm, openblas, ordered',
  })
})

t.test('a library that is not there is reported with the places searched', async (t) => {
  await t.rejects(createBlas('openblas', hostMemory, { library: 'libnosuchblas' }), {
    message: /Looked for libnosuchblas in .*--blas-library PATH/,
  })
  await t.rejects(createBlas('auto', hostMemory, { library: '/no/such/libblas.so' }), {
    message: /--blas-library \/no\/such\/libblas\.so: no such file/,
  })
})

t.test('a file that is no library is reported as such', async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tsmpi-blas-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'libopenblas.so.0')
  writeFileSync(file, 'not a library')
  await t.rejects(createBlas('openblas', hostMemory, { library: file }), {
    message: new RegExp(`Cannot load the BLAS library ${file}`),
  })
})

const onWindows = process.platform === 'win32' && 'the search path there is the one of all programs'

t.test('a broken library that merely lies around does not keep auto from working', { skip: onWindows }, async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tsmpi-blas-'))
  const variable = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH'
  const before = process.env[variable]
  t.teardown(() => {
    if (before === undefined) delete process.env[variable]
    else process.env[variable] = before
    rmSync(folder, { recursive: true })
  })
  const file = process.platform === 'darwin' ? 'libopenblas.0.dylib' : 'libopenblas.so.0'
  writeFileSync(path.join(folder, file), 'not a library')
  process.env[variable] = folder
  t.equal(findCblas(), path.join(folder, file))
  t.equal((await createBlas('auto', hostMemory)).kind, 'wasm')
})
