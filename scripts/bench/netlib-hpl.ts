/**
 * netlib HPL beside ours: HPC Challenge, Debian's package hpcc, has it, on Open MPI and the system's BLAS. HPL comes last
 * of its benchmarks; the others take half a minute to three minutes.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { mpirunArguments } from './peers.ts'

export interface HplTime {
  readonly gflops: number
  readonly seconds: number
}

/** What follows HPL.dat in the input of hpcc: nothing more of its other benchmarks than must be. */
const NO_MORE_PTRANS = ['##### separator #####', '0 sizes for PTRANS', '1000', '0 blocking sizes for PTRANS', '40', '']

/**
 * Runs netlib HPL; undefined if hpcc or mpirun is not installed.
 *
 * @param ranks processes, exactly those of the grid
 * @param dat an HPL.dat of one test
 * @param folder to run in
 * @throws Error with what it said if it fails
 */
export function netlibHpl(ranks: number, dat: string, folder: string): HplTime | undefined {
  // hpcc takes its own output file for device 8.
  const lines = dat.trimEnd().split('\n').with(3, '8 device out')
  writeFileSync(path.join(folder, 'hpccinf.txt'), [...lines, ...NO_MORE_PTRANS].join('\n'))
  writeFileSync(path.join(folder, 'hpccoutf.txt'), '')
  const env = { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' }
  const ended = spawnSync('mpirun', mpirunArguments(ranks, 'hpcc'), { cwd: folder, env, encoding: 'utf8' })
  if ((ended.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT' || /find.*hpcc/.test(ended.stderr))
    return undefined
  const text = readFileSync(path.join(folder, 'hpccoutf.txt'), 'utf8')
  const line = /^W[RC]\S+ +\d+ +\d+ +\d+ +\d+ +(\S+) +(\S+)$/m.exec(text)
  if (line === null) throw new Error(`hpcc has failed:\n${ended.stdout}${ended.stderr}${text.slice(-2000)}`)
  return { seconds: Number(line[1]), gflops: Number(line[2]) }
}
