/**
 * Which process gets which place of a grid, so that neighbours share a host where that can be. Pure: every rank computes
 * the same from the placement of the job.
 */

/** Number of points of a grid. */
export function product(dims: readonly number[]): number {
  return dims.reduce((points, extent) => points * extent, 1)
}

/** Row-major coordinates of a rank. */
export function coordsOf(rank: number, dims: readonly number[]): number[] {
  const coords = new Array<number>(dims.length)
  for (let direction = dims.length - 1; direction >= 0; direction--) {
    const extent = dims[direction] as number
    coords[direction] = rank % extent
    rank = Math.floor(rank / extent)
  }
  return coords
}

/** Row-major rank of coordinates inside the grid. */
export function rankAt(coords: readonly number[], dims: readonly number[]): number {
  return coords.reduce((rank, at, direction) => rank * (dims[direction] as number) + at, 0)
}

/**
 * The place, as a rank of the grid, of each process. The processes of each host get a brick of the grid, of the shape that
 * cuts the fewest pairs of neighbours; the order of the processes is kept if no shape cuts fewer than it does.
 *
 * @param hostOf host of each process, as many as the grid has points
 */
export function gridOrder(dims: readonly number[], periods: readonly boolean[], hostOf: readonly number[]): number[] {
  const unchanged = hostOf.map((_, process) => process)
  const candidates = brickShapes(dims, hostOf).map((brick) => brickOrder(dims, brick, hostOf))
  const cuts = (order: readonly number[]): number => neighborsApart(dims, periods, hostsByPlace(order, hostOf))
  return candidates.reduce((best, order) => (cuts(order) < cuts(best) ? order : best), unchanged)
}

/** Pairs of neighbours on different hosts. */
export function neighborsApart(
  dims: readonly number[],
  periods: readonly boolean[],
  hostAt: readonly number[],
): number {
  let apart = 0
  for (let place = 0; place < hostAt.length; place++) {
    const coords = coordsOf(place, dims)
    for (const [direction, extent] of dims.entries()) {
      const above = (coords[direction] as number) + 1
      if (above === extent && periods[direction] !== true) continue
      const other = rankAt(coords.with(direction, above % extent), dims)
      if (hostAt[other] !== hostAt[place]) apart++
    }
  }
  return apart
}

/** Shapes of bricks that tile the grid and hold the processes of one host; none if hosts differ in size. */
function brickShapes(dims: readonly number[], hostOf: readonly number[]): number[][] {
  const counts = new Map<number, number>()
  for (const host of hostOf) counts.set(host, (counts.get(host) ?? 0) + 1)
  const [size = 0, ...others] = counts.values()
  if (others.length === 0 || others.some((count) => count !== size)) return []
  return shapes(dims, size)
}

function shapes(dims: readonly number[], size: number): number[][] {
  const [extent, ...rest] = dims
  if (extent === undefined) return size === 1 ? [[]] : []
  const divisors = Array.from({ length: extent }, (_, i) => i + 1).filter((n) => extent % n === 0 && size % n === 0)
  return divisors.flatMap((n) => shapes(rest, size / n).map((shape) => [n, ...shape]))
}

/** Bricks in row-major order go to the hosts in the order of their first process, places in a brick to its processes. */
function brickOrder(dims: readonly number[], brick: readonly number[], hostOf: readonly number[]): number[] {
  const bricks = dims.map((extent, direction) => extent / (brick[direction] as number))
  const hosts = [...new Set(hostOf)]
  const placed = new Map<number, number>()
  return hostOf.map((host) => {
    const index = placed.get(host) ?? 0
    placed.set(host, index + 1)
    const corner = coordsOf(hosts.indexOf(host), bricks)
    const inside = coordsOf(index, brick)
    return rankAt(
      inside.map((at, direction) => at + (corner[direction] as number) * (brick[direction] as number)),
      dims,
    )
  })
}

function hostsByPlace(order: readonly number[], hostOf: readonly number[]): number[] {
  const hostAt = new Array<number>(order.length)
  for (const [process, place] of order.entries()) hostAt[place] = hostOf[process] as number
  return hostAt
}

/**
 * How ranks should fill a grid of nprow x npcol: the way that sends fewer bytes between hosts in dense factorizations; if
 * both send as many, as on one host, 'row'.
 *
 * Of a matrix of order n, a row of processes passes on the panels, n^2 / (2 nprow) elements, to every further host it
 * touches; a column the rows to swap and those of U, together n^2 / npcol. (A column talks for every column of the matrix
 * besides, a row once for every block: where bytes decide for columns within hosts, so does latency.)
 */
export function cheaperOrder(nprow: number, npcol: number, hostOf: readonly number[]): 'row' | 'column' {
  const traffic = ({ rows, columns }: Crossings): number => rows / (2 * nprow) + columns / npcol
  const byRow = crossings(nprow, npcol, (row, column) => hostOf[row * npcol + column] as number)
  const byColumn = crossings(nprow, npcol, (row, column) => hostOf[column * nprow + row] as number)
  return traffic(byColumn) < traffic(byRow) ? 'column' : 'row'
}

/** Hosts that rows, and columns, touch beyond their first. */
interface Crossings {
  readonly rows: number
  readonly columns: number
}

function crossings(nprow: number, npcol: number, hostAt: (row: number, column: number) => number): Crossings {
  const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
  const beyond = (hosts: readonly number[]): number => new Set(hosts).size - 1
  const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0)
  return {
    rows: sum(range(nprow).map((row) => beyond(range(npcol).map((column) => hostAt(row, column))))),
    columns: sum(range(npcol).map((column) => beyond(range(nprow).map((row) => hostAt(row, column))))),
  }
}
