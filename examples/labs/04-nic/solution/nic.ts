/**
 * Ranks that share a network port. Three experiments:
 *
 *   share    1, 2, 3, 4 ranks of one host send to the other host at the same time      -n 8 --emulate-hosts 2
 *   ping     two ranks exchange small messages, alone and while three others send bulk   -n 8 --emulate-hosts 2
 *   incast   1, 2, 3 hosts send to one host at the same time                             -n 4 --emulate-hosts 4
 *
 * By hand: npx tsmpirun -n 8 --emulate-hosts 2 --emulate 100mbe nic.ts share ping
 */
import { run, type Intracomm } from 'tsmpi'

const NBYTES = 262_144
const block = new Uint8Array(NBYTES)

await run(async ({ world, log, argv }) => {
  const repeats = argv.includes('quick') ? 1 : 3
  const report = (line: object): void => (world.rank === 0 ? log(JSON.stringify(line)) : undefined)

  if (argv.includes('share'))
    for (const senders of [1, 2, 3, 4])
      report({ experiment: 'share', senders, ms: await shortest(world, repeats, () => share(world, senders)) })

  if (argv.includes('incast'))
    for (const senders of [1, 2, 3])
      report({ experiment: 'incast', senders, ms: await shortest(world, repeats, () => incast(world, senders)) })

  if (argv.includes('ping'))
    for (const senders of [0, 3]) {
      const us = await ping(world, senders, 10 * repeats)
      if (world.rank === 3) log(JSON.stringify({ experiment: 'ping', senders, us }))
    }
})

/** Ranks 0 to 3 are on one host, 4 to 7 on the other. The first `senders` ranks send a block to the other host. */
async function share(world: Intracomm, senders: number): Promise<void> {
  const partner = (world.rank + 4) % 8
  const sends = world.rank < senders
  const receives = partner < senders
  if (sends && receives) await world.sendrecv(block, new Uint8Array(NBYTES), { dest: partner, source: partner })
  else if (sends) await world.send(block, { dest: partner })
  else if (receives) await world.recv(new Uint8Array(NBYTES), { source: partner })
}

/** Every rank has a host of its own; the first `senders` ranks after 0 send to rank 0. */
async function incast(world: Intracomm, senders: number): Promise<void> {
  if (world.rank > 0) return world.rank <= senders ? world.send(block, { dest: 0 }) : undefined
  const requests = Array.from({ length: senders }, (_, k) => world.irecv(new Uint8Array(NBYTES), { source: k + 1 }))
  for (const request of requests) await request.wait()
}

/** Ranks 3 and 7 exchange 8 bytes while `senders` others send bulk; the median of the half round trips in us. */
async function ping(world: Intracomm, senders: number, rounds: number): Promise<number> {
  const ball = new Uint8Array(8)
  const times: number[] = []
  await world.barrier()
  const partner = (world.rank + 4) % 8
  if (partner === 3 || partner === 7)
    for (let round = 0; round < rounds; round++) {
      const began = performance.now()
      if (world.rank === 3) {
        await world.send(ball, { dest: 7 })
        await world.recv(ball, { source: 7 })
      } else {
        await world.recv(ball, { source: 3 })
        await world.send(ball, { dest: 3 })
      }
      times.push((1000 * (performance.now() - began)) / 2)
    }
  else if (world.rank < senders) for (let k = 0; k < rounds; k++) await world.send(block, { dest: partner })
  else if (partner < senders)
    for (let k = 0; k < rounds; k++) await world.recv(new Uint8Array(NBYTES), { source: partner })
  await world.barrier()
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
}

/** The shortest time of all, from the moment that everybody is ready until everybody has ended, in ms. */
async function shortest(world: Intracomm, repeats: number, work: () => Promise<unknown>): Promise<number> {
  let ms = Infinity
  for (let repeat = 0; repeat < repeats; repeat++) {
    await world.barrier()
    const began = performance.now()
    await work()
    await world.barrier()
    ms = Math.min(ms, performance.now() - began)
  }
  return ms
}
