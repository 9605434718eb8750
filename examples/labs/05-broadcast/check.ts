/**
 * Lab 5: the shape of a broadcast and the place of the ranks. How many messages cross the network follows from both, exactly;
 * on a slow network the times follow from that. Layer below: commands/lab/.
 */
import { z } from 'zod'
import { fitLine } from '../../../commands/lab/fits.ts'
import { jsonLines } from '../../../commands/lab/jobs.ts'
import {
  choice,
  comparePrediction,
  defineLab,
  expect,
  expectAnswer,
  expectNear,
  number,
  sentences,
} from '../../../commands/lab/lab.ts'

const SHAPES = ['flat', 'binomial', 'ring', 'two-level'] as const
const PLACEMENTS = { block: 'slot', 'round-robin': 'node' } as const
type Placement = keyof typeof PLACEMENTS
const NAMES = Object.keys(PLACEMENTS) as Placement[]

/** 8 ranks on 4 hosts: messages that leave a host. */
const CROSSINGS: Readonly<Record<Placement, Readonly<Record<(typeof SHAPES)[number], number>>>> = {
  block: { flat: 6, binomial: 3, ring: 3, 'two-level': 3 },
  'round-robin': { flat: 6, binomial: 6, ring: 7, 'two-level': 3 },
}

const point = z.object({
  placement: z.enum(NAMES),
  shape: z.enum(SHAPES),
  ms: z.number().positive(),
  crossings: z.int().min(0),
  /** Ranks that have something else than the block at the end. */
  wrong: z.int().min(0),
})
const results = z.array(point)
  .refine((points) => NAMES.every((placement) => SHAPES.every((shape) => points.some((one) => one.placement === placement && one.shape === shape))), 'expected all shapes in both placements') // prettier-ignore
type Point = z.infer<typeof point>

export const lab = defineLab({
  title: 'Broadcast: shapes and placement',
  seconds: 15,
  predictions: {
    'fastest-block': choice(...SHAPES),
    'fastest-round-robin': choice(...SHAPES),
    'crossings-ring-round-robin': number({ min: 0 }),
  },
  answers: {
    'crossings-binomial-block': number({ min: 0 }),
    'crossings-binomial-round-robin': number({ min: 0 }),
    'milliseconds-a-crossing': number({ min: 0, unit: 'from the ring, both placements' }),
    'placement-does-not-matter-for': choice(...SHAPES),
    why: sentences(12),
  },
  results,

  jobs: ({ quick }) =>
    NAMES.map((name) => ({
      name,
      args: ['-n', '8', '--emulate-hosts', '4', '--emulate', '100mbe', '--map-by', PLACEMENTS[name], 'broadcast.ts', ...(quick ? ['quick'] : [])], // prettier-ignore
    })),

  collect: (ended) => ended.flatMap((end) => jsonLines(end).map((line) => ({ placement: end.job.name, ...line }))),

  check({ results, prediction, answers }) {
    const of = (placement: Placement, shape: Point['shape']) => results.find((one) => one.placement === placement && one.shape === shape) as Point // prettier-ignore
    const fastest = (placement: Placement) =>
      SHAPES.slice().sort((a, b) => of(placement, a).ms - of(placement, b).ms)[0] as string
    const wrong = results.find(({ wrong }) => wrong > 0)
    const odd = results.find(({ placement, shape, crossings }) => crossings !== CROSSINGS[placement][shape])
    const { slope, r2 } = ringFit(results)
    const two = of('round-robin', 'two-level').ms
    return [
      comparePrediction('fastest in blocks', prediction['fastest-block'], fastest('block')),
      comparePrediction('fastest round robin', prediction['fastest-round-robin'], fastest('round-robin')),
      comparePrediction('crossings of the ring, round robin', prediction['crossings-ring-round-robin'], 7),
      expect(wrong === undefined, 'every broadcast reaches all ranks', `${wrong?.shape} in ${wrong?.placement} placement leaves ${wrong?.wrong} ranks without the block`), // prettier-ignore
      expect(odd === undefined, 'messages cross the network as often as they should', `${odd?.shape} in ${odd?.placement} placement: ${odd?.crossings} messages cross, expected ${odd && CROSSINGS[odd.placement][odd.shape]}${odd?.shape === 'two-level' ? ': the block has to reach every other host once' : ''}`), // prettier-ignore
      expect(slope > 5 && r2 > 0.9, 'the time of the ring grows with the crossings', `the time of the ring does not grow with the crossings (${slope.toFixed(1)} ms each): was the network emulated, and is the clock read after the last barrier, when all ranks have the block?`), // prettier-ignore
      expect(two < of('round-robin', 'binomial').ms && two < of('round-robin', 'flat').ms, 'round robin, two levels are faster than binomial and flat', 'round robin, two levels are no faster than binomial and flat'), // prettier-ignore
      expectAnswer('crossings-binomial-block', answers['crossings-binomial-block'], answers['crossings-binomial-block'] === 3, 'Ranks 0 and 1 are on one host, 2 and 3 on the next. Draw who sends to whom.'), // prettier-ignore
      expectAnswer('crossings-binomial-round-robin', answers['crossings-binomial-round-robin'], answers['crossings-binomial-round-robin'] === 6, 'Ranks 0 and 4 are on one host, 1 and 5 on the next. Draw who sends to whom.'), // prettier-ignore
      expectNear('milliseconds-a-crossing', { answer: answers['milliseconds-a-crossing'], actual: slope, tolerance: 0.2 * slope, hint: 'The ring has 3 crossings in one placement and 7 in the other, one after the other.' }), // prettier-ignore
      expectAnswer('placement-does-not-matter-for', answers['placement-does-not-matter-for'], answers['placement-does-not-matter-for'] === 'two-level', 'Which shape has the fewest crossings in both placements? (flat has as many in both, and many.)'), // prettier-ignore
    ]
  },

  figures: (results) => [
    {
      kind: 'bars',
      title: '8 ranks on 4 hosts at 100 Mbit/s, 96 KiB',
      category: 'shape',
      value: 'ms',
      bars: results.map(({ placement, shape, ms }) => ({ category: shape, series: placement, value: ms })),
    },
    {
      kind: 'bars',
      title: 'Messages that cross the network',
      category: 'shape',
      value: 'messages',
      bars: results.map(({ placement, shape, crossings }) => ({
        category: shape,
        series: placement,
        value: crossings,
      })),
    },
  ],
})

/** Milliseconds over crossings of the ring, whose crossings follow each other; two points and the origin. */
function ringFit(results: readonly Point[]) {
  const points = results.filter(({ shape }) => shape === 'ring').map(({ crossings, ms }) => [crossings, ms] as const)
  return fitLine([[0, 0], ...points])
}
