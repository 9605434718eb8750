/**
 * The file that a sweep writes and goes on from. Invariant: it holds whole lines; what an interrupted writer left behind
 * the last one is cut off before anything is appended. Layer below: hpl/results/.
 */
import { existsSync, readFileSync, truncateSync } from 'node:fs'
import { readResults } from '../../hpl/results/reader.ts'
import type { ResultLine } from '../../hpl/results/schema.ts'
import { openLines } from '../../hpl/results/writer.ts'
import { UsageError } from '../../runtime/launcher/usage-error.ts'
import type { PlannedTest } from './plan.ts'

export class ResultsFile {
  readonly path: string
  /** Bytes of a torn last line, 0 if there is none. */
  readonly tornBytes: number
  readonly #goodBytes: number
  readonly #lines = new Map<string, ResultLine>()

  /** Reads the file if there is one; writes nothing. @throws UsageError if it holds anything but results */
  constructor(path: string) {
    const { lines, goodBytes, tornBytes, problems } = readResults(contentOf(path), path)
    if (problems.length > 0) throw new UsageError([...problems, `${path}: name another file with --output`])
    this.path = path
    this.tornBytes = tornBytes
    this.#goodBytes = goodBytes
    for (const line of lines) this.#remember(line)
  }

  /** What is known of a test: the last line that has it. */
  of({ id, repeat }: PlannedTest): ResultLine | undefined {
    return this.#lines.get(`${id} ${repeat}`)
  }

  /** The last test of the file. */
  get last(): ResultLine | undefined {
    return [...this.#lines.values()].at(-1)
  }

  /** Cuts a torn line off. Call before `append`. */
  repair(): void {
    if (this.tornBytes > 0) truncateSync(this.path, this.#goodBytes)
  }

  append(line: ResultLine): void {
    const output = openLines(this.path)
    output.write(JSON.stringify(line))
    output.close()
    this.#remember(line)
  }

  #remember(line: ResultLine): void {
    if (line.sweep !== undefined) this.#lines.set(`${line.sweep.id} ${line.sweep.repeat}`, line)
  }
}

function contentOf(path: string): string {
  if (!existsSync(path)) return ''
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError([`--output ${path} cannot be read: ${(error as Error).message}`])
  }
}
