/** Every rank computes for so many milliseconds of processor time, then all meet: how long did it take? Linux only. */
import koffi from 'koffi'
import { run } from 'tsmpi'

const clock = koffi.load(null).func('int clock_gettime(int clock, uint8_t *time)')
const time = new BigInt64Array(2)
const bytes = new Uint8Array(time.buffer)
function computed(): number {
  clock(3, bytes) // CLOCK_THREAD_CPUTIME_ID
  return Number(time[0]) * 1000 + Number(time[1]) / 1e6
}

await run(async ({ world, argv, host, log }) => {
  const [ms, rounds] = argv.map(Number)
  await world.barrier()
  const started = performance.now()
  for (let round = 0; round < rounds; round++) {
    const begun = computed()
    while (computed() - begun < ms);
    const sent = performance.now()
    world.iprobe() // any call of the runtime
    log(JSON.stringify({ host, rank: world.rank, round, sleptMs: performance.now() - sent }))
  }
  await world.barrier()
  if (world.rank === 0) log(JSON.stringify({ tookMs: performance.now() - started }))
})
