/**
 * Pi: divide the work, then bring the parts together.
 *
 * Pi is the integral of 4 / (1 + x^2) from 0 to 1. Each rank adds every size-th strip of the interval, and one `reduce`
 * brings the sums to rank 0. There is no message in sight: a collective call says what shall be done, and the library
 * chooses how (here a binomial tree, two messages deep for four ranks).
 */
import { run, SUM } from 'tsmpi'

const STRIPS = 1_000_000

await run(async ({ world, log }) => {
  const { rank, size } = world
  const width = 1 / STRIPS
  let sum = 0
  for (let strip = rank; strip < STRIPS; strip += size) {
    const x = (strip + 0.5) * width
    sum += (4 / (1 + x * x)) * width
  }

  // All ranks call it; only the root gets the result.
  const pi = await world.reduce(sum, { op: SUM, root: 0 })
  if (pi !== undefined) log(`pi is ${pi.toFixed(10)}, off by less than 1e-10: ${Math.abs(pi - Math.PI) < 1e-10}`)
})
