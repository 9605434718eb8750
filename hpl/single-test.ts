/** An HPL.dat for one test, and the variants that this project recommends. Layer below: parameters.ts. */
import type { TestPoint } from './driver.ts'
import { DEVICE_STDOUT, type HplParameters } from './parameters.ts'

/** The part of an HPL.dat that has one value for all its tests. */
export type Settings = Pick<
  HplParameters,
  'swap' | 'swapThreshold' | 'l1' | 'u' | 'equilibrate' | 'align' | 'threshold'
>

/** What tests of an HPL.dat have in common. Local. */
export function settingsOf({ swap, swapThreshold, l1, u, equilibrate, align, threshold }: HplParameters): Settings {
  return { swap, swapThreshold, l1, u, equilibrate, align, threshold }
}

/** A good choice for everything but N, NB and the grid; docs/hpl.md says why. */
export const RECOMMENDED = {
  variant: { depth: 1, bcast: '1ringM', rfact: 'right', pfact: 'right', nbmin: 8, ndiv: 2 },
  settings: {
    swap: 'mix',
    swapThreshold: 64,
    l1: 'transposed',
    u: 'transposed',
    equilibrate: true,
    align: 8,
    threshold: 16,
  },
} as const satisfies {
  readonly variant: Omit<TestPoint, 'n' | 'nb' | 'p' | 'q' | 'pmap'>
  readonly settings: Settings
}

/** The parameters that ask for one test, with the report on standard output. Local. */
export function singleTest(point: TestPoint, settings: Settings): HplParameters {
  const { n, nb, p, q, pmap, depth, bcast, rfact, pfact, nbmin, ndiv } = point
  return {
    outputFile: 'HPL.out',
    device: DEVICE_STDOUT,
    n: [n],
    nb: [nb],
    pmap,
    grids: [{ p, q }],
    pfact: [pfact],
    nbmin: [nbmin],
    ndiv: [ndiv],
    rfact: [rfact],
    bcast: [bcast],
    depth: [depth],
    ...settings,
  }
}
