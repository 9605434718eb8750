/**
 * Lab 10: halo exchange on a Cartesian grid. Whatever the grid, the heat must be that of one rank; what the busiest rank
 * sends is counted, and follows from the shape of the blocks: constant in strips, 1 / sqrt(p) in squares.
 * Layer below: commands/lab/.
 */
import { z } from 'zod'
import { fitPower } from '../../../commands/lab/fits.ts'
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

const RANKS = [1, 4, 16, 36] as const
/** Ranks that form a square grid with neighbours on all sides: their law is exact. */
const SQUARES: readonly number[] = [16, 36]
const SHAPES = ['strips', 'blocks'] as const
const N = 144
const ROW_BYTES = 8 * N

const PLANNED = RANKS.flatMap((p) => SHAPES.map((shape) => ({ shape, p })))

const point = z.object({
  shape: z.enum(SHAPES),
  ranks: z.int().min(1),
  dims: z.array(z.int().min(1)).length(2),
  heat: z.number(),
  /** What the busiest rank sends in a step. */
  bytes: z.number().min(0),
})
const results = z.array(point)
  .refine((points) => PLANNED.every(({ shape, p }) => points.some((one) => one.shape === shape && one.ranks === p)), 'expected strips and blocks on 1, 4, 16 and 36 ranks') // prettier-ignore
type Point = z.infer<typeof point>

export const lab = defineLab({
  title: 'Halo exchange on a Cartesian grid',
  seconds: 25,
  predictions: {
    'fewer-bytes-on-36-ranks': choice('strips', 'blocks'),
    'bytes-on-36-ranks-strips': number({ min: 0 }),
    'bytes-on-36-ranks-blocks': number({ min: 0 }),
  },
  answers: {
    'bytes-ratio-36': number({ min: 0, unit: 'strips / blocks' }),
    'exponent-blocks': number({ unit: 'bytes ~ p^exponent' }),
    'exponent-strips': number({ unit: 'bytes ~ p^exponent' }),
    'neighbour-above-row-0': choice('PROC_NULL', 'ANY_SOURCE', 'rank 0', 'the last row'),
    why: sentences(12),
  },
  results,

  jobs: ({ quick }) =>
    PLANNED.map(({ shape, p }) => ({
      name: `${shape} on ${p}`,
      args: ['-n', `${p}`, 'halo.ts', shape, ...(quick ? ['quick'] : [])],
    })),

  collect: (ended) => ended.flatMap(jsonLines),

  check({ results, prediction, answers }) {
    const one = results.find(({ ranks }) => ranks === 1) as Point
    const wrong = results.find(({ heat }) => Math.abs(heat - HEAT) > 1e-6 * HEAT)
    const many = results.find(({ ranks, heat }) => ranks > 1 && Math.abs(heat - one.heat) > 1e-6 * one.heat)
    const bytes = (shape: Point['shape'], p: number): number => results.find((point) => point.shape === shape && point.ranks === p)?.bytes as number // prettier-ignore
    const odd = results.find((point) => point.bytes !== expectedBytes(point))
    const exponent = (shape: Point['shape']): number => exponentOf(results, shape)
    const ratio = bytes('strips', 36) / bytes('blocks', 36)
    return [
      comparePrediction('fewer bytes on 36 ranks', prediction['fewer-bytes-on-36-ranks'], ratio > 1 ? 'blocks' : 'strips'), // prettier-ignore
      comparePrediction('bytes in strips', prediction['bytes-on-36-ranks-strips'], bytes('strips', 36)),
      comparePrediction('bytes in blocks', prediction['bytes-on-36-ranks-blocks'], bytes('blocks', 36)),
      expect(many === undefined, 'the heat is the same on every grid', `${many?.ranks} ranks in ${many?.shape} have heat ${many?.heat.toFixed(3)}, one rank ${one.heat.toFixed(3)}: some halo is not filled, or from the wrong side`), // prettier-ignore
      ...(many !== undefined ? [] : [expect(wrong === undefined, 'the heat is that of the plate', `the heat is ${wrong?.heat.toFixed(3)}, not ${HEAT.toFixed(3)}: are N, the steps and the mean of four neighbours as they came?`)]), // prettier-ignore
      expect(odd === undefined, 'each edge is sent once in a step', `${odd?.ranks} ranks in ${odd?.shape} send ${odd?.bytes} bytes a step, with one message for each neighbour it would be ${odd === undefined ? '' : expectedBytes(odd)}`), // prettier-ignore
      expectNear('bytes-ratio-36', { answer: answers['bytes-ratio-36'], actual: ratio, tolerance: 0.05 * ratio, hint: 'Bytes of the busiest rank, strips over blocks, both on 36 ranks.' }), // prettier-ignore
      expectNear('exponent-blocks', { answer: answers['exponent-blocks'], actual: exponent('blocks'), tolerance: 0.1, hint: 'From 16 to 36 ranks: log(bytes / bytes) / log(36 / 16), with its sign.' }), // prettier-ignore
      expectNear('exponent-strips', { answer: answers['exponent-strips'], actual: exponent('strips'), tolerance: 0.1, hint: 'From 16 to 36 ranks: do the strips send less?' }), // prettier-ignore
      expectAnswer('neighbour-above-row-0', answers['neighbour-above-row-0'], answers['neighbour-above-row-0'] === 'PROC_NULL', 'What does cart.shift give beyond an edge that is not periodic?'), // prettier-ignore
    ]
  },

  figures: (results) => [
    {
      kind: 'curves',
      title: 'Bytes that the busiest rank sends in a step',
      x: { label: 'ranks', log: true },
      y: { label: 'bytes' },
      curves: SHAPES.map((shape) => ({
        name: shape,
        points: results.filter((point) => point.shape === shape).map(({ ranks, bytes }) => [ranks, bytes] as const),
      })),
    },
    {
      kind: 'bars',
      title: 'Heat on the plate after 60 steps: the same for all if every halo is right',
      category: 'ranks',
      value: 'heat',
      bars: results.map(({ shape, ranks, heat }) => ({ category: `${ranks}`, series: shape, value: heat })),
    },
  ],
})

/** Heat after 60 steps on one rank, from a loop over the whole plate: the neighbours' mean, 100 degrees along the top. */
const HEAT = serialHeat(N, 60)

function serialHeat(n: number, steps: number): number {
  const width = n + 2
  let now = new Float64Array(width * width).fill(100, 0, width)
  let next = now.slice()
  for (let step = 0; step < steps; step++) {
    for (let i = 1; i <= n; i++)
      for (let j = 1; j <= n; j++) {
        const k = i * width + j
        next[k] = ((now[k - width] as number) + (now[k + width] as number) + (now[k - 1] as number) + (now[k + 1] as number)) / 4 // prettier-ignore
      }
    ;[now, next] = [next, now]
  }
  let heat = 0
  for (let i = 1; i <= n; i++) for (let j = 1; j <= n; j++) heat += now[i * width + j] as number
  return heat
}

/** The busiest rank sends to two neighbours along each dimension that has three ranks or more, to one where it has two. */
function expectedBytes({ dims }: Point): number {
  const [nprow = 1, npcol = 1] = dims
  return Math.min(nprow - 1, 2) * (ROW_BYTES / npcol) + Math.min(npcol - 1, 2) * (ROW_BYTES / nprow)
}

function exponentOf(results: readonly Point[], shape: Point['shape']): number {
  const squares = results.filter((point) => point.shape === shape && SQUARES.includes(point.ranks))
  return fitPower(squares.map(({ ranks, bytes }) => [ranks, bytes])).exponent
}
