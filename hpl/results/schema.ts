/**
 * The format of result files: JSON lines, one for each test that has ended and one for each job that failed. Invariant:
 * what the writers of this project write, these schemas accept; a test says so. Fields that a schema does not name pass
 * through, so that a newer writer's file can be read. docs/hpl-results.schema.json is the same as JSON Schema. Layer
 * below: parameters.ts.
 */
import { z } from 'zod'
import { BROADCASTS, FACTORISATIONS, MAPPINGS, STORAGE_FORMS, SWAPS } from '../parameters.ts'

export const RESULT_FORMAT = 'tsmpi-hpl'
/** Raised when a reader of the old format would misunderstand the new one. */
export const RESULT_VERSION = 1

const count = z.int().min(0)
const positive = z.int().min(1)
/** JSON has no NaN and no Infinity: they are written as null. */
const real = z.number().nullable()

const pointShape = {
  n: count.meta({ description: 'order of the matrix' }),
  nb: positive.meta({ description: 'block size' }),
  p: positive.meta({ description: 'process rows' }),
  q: positive.meta({ description: 'process columns' }),
  pmap: z.enum(MAPPINGS).meta({ description: 'order of the ranks in the grid' }),
  depth: count.meta({ description: 'look-ahead' }),
  bcast: z.enum(BROADCASTS),
  rfact: z.enum(FACTORISATIONS),
  pfact: z.enum(FACTORISATIONS),
  nbmin: positive,
  ndiv: z.int().min(2),
}

const settingsSchema = z
  .looseObject({
    swap: z.enum(SWAPS),
    swapThreshold: count,
    l1: z.enum(STORAGE_FORMS),
    u: z.enum(STORAGE_FORMS),
    equilibrate: z.boolean(),
    align: positive,
    threshold: real,
  })
  .meta({ description: 'what holds for all tests of an HPL.dat' })

const activitySchema = z.looseObject({
  seconds: z.number(),
  messages: count.meta({ description: 'messages sent' }),
  bytes: count.meta({ description: 'bytes sent' }),
  flops: z.number().meta({ description: 'counted in gemm and trsm only' }),
})

const rankSchema = z.looseObject({
  row: count.meta({ description: 'process row' }),
  col: count.meta({ description: 'process column' }),
  seconds: z.number().meta({ description: 'wall time of the solve; the activities add up to it' }),
  activities: z.record(z.string(), activitySchema),
  broadcastSeconds: z.number().meta({ description: 'from the start of each panel broadcast to its end' }),
})

const testSchema = z
  .looseObject({
    ...pointShape,
    outcome: z.enum(['passed', 'failed', 'unchecked', 'skipped']),
    reason: z.string().optional().meta({ description: 'why the test was skipped' }),
    seconds: real.optional().meta({ description: 'wall time of factorisation and solve, the maximum over the ranks' }),
    gflops: real.optional(),
    phases: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'seconds by phase, the maximum over the ranks' }),
    verification: z
      .looseObject({ scaled: real })
      .optional()
      .meta({ description: 'scaled residual and the norms behind it' }),
    ranks: z.array(rankSchema).optional().meta({ description: 'where the time went, by rank in the grid' }),
    crossCheck: z
      .looseObject({ difference: real, bound: real, passed: z.boolean() })
      .optional()
      .meta({ description: 'comparison with another solver (--cross-check)' }),
  })
  .meta({ description: 'the test as the driver reports it, with all that it measured' })

const hostSchema = z.looseObject({
  name: z.string(),
  ranks: z.array(count).meta({ description: 'world ranks on this host, ascending' }),
  cpu: z.string(),
  cores: positive,
  memoryBytes: positive,
  platform: z.string(),
  node: z.string().meta({ description: 'version of Node' }),
})

const sweepSchema = z
  .looseObject({
    id: z.string().meta({ description: 'the same for the same question: input, ranks, places, kernels' }),
    repeat: positive.meta({ description: 'which of the repeats this is, from 1' }),
    command: z.array(z.string()).meta({ description: 'the command that ran it; HPL.dat came by standard input' }),
    wallSeconds: z.number().meta({ description: 'the whole job, with start, generation and check' }),
  })
  .meta({ description: 'present if `tsmpi hpl sweep` ran the test' })

const common = {
  format: z.literal(RESULT_FORMAT),
  version: z.literal(RESULT_VERSION),
  date: z.iso.datetime().meta({ description: 'when the test ended' }),
  tsmpi: z.string().meta({ description: 'version of tsmpi' }),
  ranks: positive,
  hplDat: z.string().meta({ description: 'an HPL.dat that asks for exactly this test' }),
  settings: settingsSchema,
}

export const resultSchema = z
  .looseObject({
    ...common,
    kind: z.literal('test'),
    test: testSchema,
    hosts: z.array(hostSchema).min(1),
    blas: z.looseObject({ kind: z.string(), description: z.string() }),
    arguments: z.array(z.string()).meta({ description: 'of the program hpl' }),
    sweep: sweepSchema.optional(),
  })
  .meta({ description: 'a test that has ended' })

export const failureSchema = z
  .looseObject({
    ...common,
    kind: z.literal('failure'),
    test: z.looseObject(pointShape),
    reason: z.string(),
    exitCode: z.int().nullable(),
    signal: z.string().nullable(),
    stderr: z.string().meta({ description: 'the end of what the job said' }),
    sweep: sweepSchema,
  })
  .meta({ description: 'a job that ended without a result' })

export const lineSchema = z.discriminatedUnion('kind', [resultSchema, failureSchema])

/** A test that has ended. */
export type Result = z.infer<typeof resultSchema>
/** A job that ended without a result. */
export type Failure = z.infer<typeof failureSchema>
export type ResultLine = z.infer<typeof lineSchema>

/** The format as JSON Schema (draft 2020-12): docs/hpl-results.schema.json. */
export function resultsJsonSchema(): object {
  const title = 'One line of a result file of tsmpi: a test of HPL that has ended, or a job that failed'
  return { title, ...z.toJSONSchema(lineSchema, { io: 'input' }) }
}
