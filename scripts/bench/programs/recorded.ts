/**
 * The measured side of scripts/bench/recording.ts: `mode nbytes`. For each number of rounds on standard input two ranks
 * make so many, in parts, and rank 0 prints the microseconds of a message: the median of the parts, and the mean.
 */
import { createInterface } from 'node:readline'
import { run, waitAll, type RankContext } from 'tsmpi'

const WINDOW = 16
const PARTS = 50

await run(async (context) => {
  const [mode = '', nbytes = ''] = context.argv
  const { world } = context
  const [rounds, messages] = roundsOf(context, mode, Number(nbytes))
  for await (const times of timesToMake(context)) {
    await world.barrier()
    const us: number[] = []
    for (let part = 0; part < PARTS; part++) {
      const begin = performance.now()
      await rounds(Math.ceil(times / PARTS))
      us.push(((performance.now() - begin) * 1000) / Math.ceil(times / PARTS) / messages)
    }
    const mean = us.reduce((sum, value) => sum + value, 0) / PARTS
    us.sort((x, y) => x - y)
    if (world.rank === 0) context.log(`${us[PARTS / 2]} ${mean}`)
  }
})

/** What rank 0 reads, on all ranks. */
async function* timesToMake({ world }: RankContext): AsyncGenerator<number> {
  const lines = world.rank === 0 ? createInterface({ input: process.stdin })[Symbol.asyncIterator]() : undefined
  for (;;) {
    const line = await lines?.next()
    const times = await world.bcastObject(line?.done === true ? 0 : Number(line?.value))
    if (times === 0) return
    yield times
  }
}

/** Makes so many rounds; and the messages of a round that follow each other. */
function roundsOf({ world }: RankContext, mode: string, nbytes: number): [(times: number) => Promise<void>, number] {
  const { rank } = world
  const peer = 1 - rank
  const [a, b] = [new Uint8Array(nbytes).fill(1), new Uint8Array(nbytes).fill(1)]
  const blocking = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      if (rank === 0) await world.send(a, { dest: peer })
      await world.recv(b, { source: peer })
      if (rank === 1) await world.send(a, { dest: peer })
    }
  }
  const nonblocking = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      const receives = Array.from({ length: WINDOW }, () => world.irecv(b, { source: peer }))
      await waitAll([...receives, ...Array.from({ length: WINDOW }, () => world.isend(a, { dest: peer }))])
    }
  }
  return mode === 'blocking' ? [blocking, 2] : [nonblocking, 2 * WINDOW]
}
