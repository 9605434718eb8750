/**
 * Monte Carlo: a master and its workers.
 *
 * Darts fall on a square; the share that hits the inscribed circle is pi / 4. The master hands out tasks as workers ask
 * for them, so that a fast worker gets more: `ANY_SOURCE` takes whoever comes first. Tasks and answers are plain objects.
 * Who does which task differs from run to run; the answer does not, because every task has its own seed.
 */
import { ANY_SOURCE, run, type Intracomm } from 'tsmpi'

interface Task {
  readonly seed: number
  readonly darts: number
}

const TASKS = 40
const MASTER = 0

await run(async ({ world, log }) => {
  if (world.size < 2) throw new Error('a master needs workers: start it with tsmpirun -n 2 or more')
  if (world.rank === MASTER) log(await master(world))
  else await worker(world)
})

async function master(world: Intracomm): Promise<string> {
  const tasks = Array.from({ length: TASKS }, (_, seed): Task => ({ seed, darts: 50_000 }))
  const total = tasks.reduce((sum, { darts }) => sum + darts, 0)
  let hits = 0
  let working = world.size - 1
  while (working > 0) {
    // A worker sends the hits of its last task; the first time, none.
    const { value, source } = await world.recvObject<number>({ source: ANY_SOURCE })
    hits += value
    const task = tasks.pop()
    if (task === undefined) working--
    await world.sendObject(task, { dest: source })
  }
  return `${TASKS} tasks, ${total} darts, ${hits} hits: pi is about ${((4 * hits) / total).toFixed(4)}`
}

async function worker(world: Intracomm): Promise<void> {
  let hits = 0
  for (;;) {
    await world.sendObject(hits, { dest: MASTER })
    const { value: task } = await world.recvObject<Task | undefined>({ source: MASTER })
    if (task === undefined) return
    hits = throwDarts(task)
  }
}

function throwDarts({ seed, darts }: Task): number {
  let state = (seed + 1) * 2654435761
  const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
  let hits = 0
  for (let dart = 0; dart < darts; dart++) if (random() ** 2 + random() ** 2 < 1) hits++
  return hits
}
