/**
 * What `hpl --json` writes: one line for each test, as soon as it has ended, with everything that it takes to run it
 * again. Invariant: a line is written in one piece, with its newline. Layer below: input/format.ts, schema.ts (types).
 */
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import type { Intracomm } from '../../collectives/intracomm.ts'
import { installedVersion } from '../../runtime/base/version.ts'
import type { Blas } from '../blas/blas.ts'
import type { TestRecord } from '../driver.ts'
import { formatHplDat } from '../input/format.ts'
import type { HplParameters } from '../parameters.ts'
import { settingsOf, singleTest } from '../single-test.ts'
import type { Result } from './schema.ts'

/** What holds for all tests of a job. */
export type JobFacts = Pick<Result, 'tsmpi' | 'ranks' | 'hosts' | 'blas' | 'arguments'>

/** What one rank knows about the place it runs in. */
interface Seat {
  readonly name: string
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly platform: string
  readonly node: string
}

/**
 * Collects what the ranks know of their hosts. Collective over the world.
 *
 * @param host (local) name of this rank's host
 * @param args (global) arguments of the program
 * @returns the facts on rank 0, undefined elsewhere
 */
export async function gatherFacts(
  world: Intracomm,
  host: string,
  args: readonly string[],
  { kind, description }: Blas,
): Promise<JobFacts | undefined> {
  const seat: Seat = {
    name: host,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  }
  const seats = await world.gatherObject(seat)
  if (seats === undefined) return undefined
  const hosts = [...new Set(seats.map(({ name }) => name))].map((name) => {
    const ranks = seats.flatMap((one, rank) => (one.name === name ? [rank] : []))
    return { ...(seats[ranks[0] as number] as Seat), ranks }
  })
  return { tsmpi: installedVersion(), ranks: world.size, hosts, blas: { kind, description }, arguments: [...args] }
}

/** The line for a test that has ended, without newline. Local. */
export function formatResult(facts: JobFacts, parameters: HplParameters, test: TestRecord, date = new Date()): string {
  const settings = settingsOf(parameters)
  const result = {
    format: 'tsmpi-hpl',
    version: 1,
    kind: 'test',
    date: date.toISOString(),
    ...facts,
    settings,
    hplDat: formatHplDat(singleTest(test, settings)),
    test,
  } as const
  return JSON.stringify(result, plainArrays)
}

/** JSON writes typed arrays as objects. */
function plainArrays(_key: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) ? Array.from(value as unknown as Iterable<number>) : value
}

/** Where lines go: a file, appended to, or standard output. */
export interface LineOutput {
  write(line: string): void
  close(): void
}

/** `--json` with this value means standard output. */
export const STANDARD_OUTPUT = '-'

/** Opens a file to append lines to; a line that somebody left unfinished is ended first. Local. @throws what the file system throws */
export function openLines(path: string): LineOutput {
  if (path === STANDARD_OUTPUT)
    return { write: (line) => void process.stdout.write(`${line}\n`), close: () => undefined }
  const file = openSync(path, 'a+')
  const isFile = fstatSync(file).isFile()
  if (isFile && !endsWithNewline(file)) writeWhole(file, Buffer.from('\n'))
  return {
    write: (line) => {
      writeWhole(file, Buffer.from(`${line}\n`))
      if (isFile) fsyncSync(file) // pipes and terminals have no disk
    },
    close: () => closeSync(file),
  }
}

function endsWithNewline(file: number): boolean {
  const { size } = fstatSync(file)
  const last = Buffer.from('\n')
  if (size > 0) readSync(file, last, 0, 1, size - 1)
  return last.toString() === '\n'
}

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done)
}
