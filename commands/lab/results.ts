/**
 * results.json: what a lab has measured, with the prediction that was written down before. Invariant: the file is
 * written as a whole or not at all. Layer below: zod.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { installedVersion } from '../../runtime/base/version.ts'
import { UsageError } from '../../runtime/launcher/usage-error.ts'

export const RESULTS_FILE = 'results.json'

const envelopeSchema = z.object({
  format: z.literal('tsmpi-lab'),
  version: z.literal(1),
  lab: z.int(),
  date: z.iso.datetime(),
  tsmpi: z.string(),
  cores: z.int().min(1),
  /** Measured with --quick. */
  quick: z.boolean(),
  seconds: z.number(),
  prediction: z.record(z.string(), z.unknown()),
  results: z.unknown(),
})

export type ResultsEnvelope = z.infer<typeof envelopeSchema>

/** Writes what was measured. */
export function writeResults(
  folder: string,
  measured: Pick<ResultsEnvelope, 'lab' | 'quick' | 'seconds' | 'prediction' | 'results'>,
): void {
  const envelope: ResultsEnvelope = {
    format: 'tsmpi-lab',
    version: 1,
    date: new Date().toISOString(),
    tsmpi: installedVersion(),
    cores: availableParallelism(),
    ...measured,
  }
  const path = join(folder, RESULTS_FILE)
  writeFileSync(`${path}.part`, `${JSON.stringify(envelope, undefined, 2)}\n`)
  renameSync(`${path}.part`, path)
}

/** @throws UsageError if there is no such file, or it is none of `tsmpi lab run` */
export function readResults(folder: string): ResultsEnvelope {
  const path = join(folder, RESULTS_FILE)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError([`${path} cannot be read: ${(error as Error).message}; "tsmpi lab run" writes it`])
  }
  return parseResults(text, path)
}

/** Local. @param path for messages @throws UsageError */
export function parseResults(text: string, path: string): ResultsEnvelope {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UsageError([`${path} is no JSON: ${(error as Error).message}`])
  }
  const parsed = envelopeSchema.safeParse(value)
  if (!parsed.success) throw new UsageError(describeIssues(path, parsed.error))
  return parsed.data
}

/** One line for each mistake. Local. */
export function describeIssues(path: string, { issues }: z.ZodError): string[] {
  return issues.map((issue) => `${path}: ${issue.path.join('.') || 'the whole'}: ${issue.message}`)
}
