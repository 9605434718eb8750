/**
 * What `--tuned` chooses in place of the algorithms that HPL.dat names. The problems, block sizes and grids stay: they
 * are what is measured. Layer below: parameters.ts.
 */
import type { HplParameters } from './parameters.ts'

/** The algorithms that were the fastest, or as fast as any, on every grid; docs/hpl-variants.md has the numbers. */
export const FASTEST = {
  pfact: ['right'],
  nbmin: [8],
  ndiv: [2],
  rfact: ['right'],
  bcast: ['1ringM'],
  depth: [1],
  swap: 'spread-roll',
  l1: 'transposed',
  u: 'transposed',
  equilibrate: true,
} as const satisfies Partial<HplParameters>

/** The same problems with the fastest algorithms: one test for each N, NB and grid. */
export function tuned(parameters: HplParameters): HplParameters {
  return { ...parameters, ...FASTEST }
}

/** Says in the report what was chosen; the lines above it list the algorithms. @param inPlace if rows need no messages */
export function tunedNote(inPlace: boolean): string {
  const chosen = '- The algorithms above are those of --tuned, whatever HPL.dat names.\n'
  const rows = '- In a process column on one host, rows change places in shared memory.\n'
  return `${chosen}${inPlace ? rows : ''}\n`
}
