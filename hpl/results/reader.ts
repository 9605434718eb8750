/**
 * Reads result files. Invariant: a line that is no result is told with its number; only the last line may be torn,
 * since writers append whole lines. Layer below: schema.ts.
 */
import { lineSchema, type ResultLine } from './schema.ts'

export interface ReadResults {
  readonly lines: readonly ResultLine[]
  /** Bytes up to the end of the last good line. */
  readonly goodBytes: number
  /** Bytes behind them: a line whose writer was interrupted. */
  readonly tornBytes: number
  /** One line each for what is no result. */
  readonly problems: readonly string[]
}

/**
 * Reads the content of a result file. Local.
 *
 * @param file its name, for messages
 */
export function readResults(text: string, file: string): ReadResults {
  const end = text.lastIndexOf('\n') + 1
  const lines: ResultLine[] = []
  const problems: string[] = []
  for (const [index, line] of text.slice(0, end).split('\n').slice(0, -1).entries()) {
    if (line.trim() === '') continue
    const result = parseLine(line)
    if (typeof result === 'string') problems.push(`${file}, line ${index + 1}: ${result}`)
    else lines.push(result)
  }
  const goodBytes = Buffer.byteLength(text.slice(0, end))
  return { lines, goodBytes, tornBytes: Buffer.byteLength(text) - goodBytes, problems }
}

/** A line of a result file, or what is wrong with it. Local. */
export function parseLine(line: string): ResultLine | string {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return `is no JSON: ${line.length > 40 ? `${line.slice(0, 40)}…` : line}`
  }
  const parsed = lineSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  return `is no result of HPL: ${issue?.path.join('.') || 'the line'}: ${issue?.message}`
}
