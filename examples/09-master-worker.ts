/**
 * Master and workers: the Mandelbrot set, whose rows take very different times. Rank 0 hands a row to whoever is free.
 *
 * A worker sends its row with the row's number as tag. The master probes for any message from anybody, so that it knows
 * whose and which it is, and receives it straight into its place: a row of the image is an ndarray view.
 */
import ndarray from 'ndarray'
import { run } from 'tsmpi'

const ROWS = 40
const COLUMNS = 60
const MOST = 1000 // iterations
const STOP = ROWS // the tag after those of the rows

await run(async ({ world, log }) => {
  const image = ndarray(new Int32Array(ROWS * COLUMNS), [ROWS, COLUMNS])
  if (world.rank > 0) return work()

  if (world.size === 1) for (let row = 0; row < ROWS; row++) image.data.set(compute(row), row * COLUMNS)
  let next = 0
  const hand = (dest: number): Promise<void> =>
    world.send(new Int32Array(0), { dest, tag: next < ROWS ? next++ : STOP })
  for (let worker = 1; worker < world.size; worker++) await hand(worker)
  for (let left = world.size === 1 ? 0 : ROWS; left > 0; left--) {
    const { source, tag } = await world.probe()
    await world.recv(image.pick(tag, null), { source, tag })
    await hand(source)
  }
  const inside = image.data.filter((iterations) => iterations === MOST).length
  log(`${inside} of ${ROWS * COLUMNS} points stay small for ${MOST} iterations`)
  log(`${image.data.reduce((sum, iterations) => sum + iterations)} iterations in all`)

  async function work(): Promise<void> {
    for (;;) {
      const { tag: row } = await world.recv(new Int32Array(0), { source: 0 })
      if (row === STOP) return
      await world.send(compute(row), { dest: 0, tag: row })
    }
  }
})

/** Iterations of z := z^2 + c until |z| > 2, for the points c of a row. */
function compute(row: number): Int32Array {
  return Int32Array.from({ length: COLUMNS }, (_, column) => {
    const [a, b] = [-2 + (3 * column) / COLUMNS, -1 + (2 * row) / ROWS]
    let [x, y, n] = [0, 0, 0]
    while (x * x + y * y <= 4 && n < MOST) [x, y, n] = [x * x - y * y + a, 2 * x * y + b, n + 1]
    return n
  })
}
