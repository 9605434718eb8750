/**
 * Nonblocking collective calls go on while ranks wait for something else. Rank 0 waits for the calls and only then lets the
 * others go on, who never look at theirs before: if a call stood still until its rank waits for it, the job would hang. All
 * calls need the others to take steps after they have been started.
 */
import { once } from 'node:events'
import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { SUM, waitAll, type Intracomm } from '../../index.ts'
import { Failures, range } from './failures.ts'

/** Elements: by rendezvous, in several steps. */
const N = 20_000

interface Place {
  readonly world: Intracomm
  /** Nobody else's; the same for all ranks. */
  readonly scratch: string
  /** What the job reads as its standard input, if it can. */
  readonly input: string | undefined
}

/** Rank 0: lets the others go on, after its own calls. The others: wait until then. */
interface Wait {
  readonly release: () => Promise<unknown> | void
  readonly until: () => Promise<unknown>
}
type Way = (place: Place) => Promise<Wait>

const others = ({ size }: Intracomm): number[] => range(size).slice(1)
const nothing = (): Int8Array => new Int8Array(0)

const WAYS: Readonly<Record<string, Way>> = {
  timer: async ({ world, scratch }) => {
    const file = `${scratch}.timer`
    await world.barrier()
    return {
      release: () => writeFileSync(file, ''),
      until: async () => {
        while (!existsSync(file)) await delay(2)
      },
    }
  },
  socket: async ({ world }) => {
    if (world.rank !== 0) {
      const socket = connect(await world.bcastObject<number>(undefined, { root: 0 }), '127.0.0.1')
      await once(socket, 'connect')
      return {
        release: () => undefined,
        until: () =>
          once(
            socket.on('data', () => undefined),
            'close',
          ),
      }
    }
    const sockets: Socket[] = []
    const server = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    await world.bcastObject((server.address() as AddressInfo).port, { root: 0 })
    while (sockets.length < world.size - 1) await once(server, 'connection')
    const release = (): void => {
      for (const socket of sockets) socket.end('go on')
      server.close()
    }
    return { release, until: () => Promise.resolve() }
  },
  recv: ({ world }) =>
    Promise.resolve({
      release: () => waitAll(others(world).map((dest) => world.isend(nothing(), { dest, tag: 5 }))),
      until: () => world.recv(nothing(), { source: 0, tag: 5 }),
    }),
  probe: ({ world }) =>
    Promise.resolve({
      release: () => waitAll(others(world).map((dest) => world.isend(nothing(), { dest, tag: 6 }))),
      until: async () => (await world.mprobe({ tag: 6 })).recv(nothing()),
    }),
  'another collective': async ({ world }) => {
    const other = await world.dup()
    const join = async (): Promise<void> => {
      await other.barrier()
      other.free()
    }
    return { release: join, until: join }
  },
  'another nonblocking one': async ({ world }) => {
    const other = await world.dup()
    const join = async (): Promise<void> => {
      await other.iallreduce(1, { op: SUM }).wait()
      other.free()
    }
    return { release: join, until: join }
  },
  'standard input': ({ input }) =>
    Promise.resolve({
      release: () => input !== undefined && appendFileSync(input, 'go on\n'),
      until: async () => {
        if (input === undefined) return
        await once(process.stdin, 'data')
        process.stdin.destroy()
      },
    }) as Promise<Wait>,
}

/** One call of each kind, under way at once, with every rank as a root. */
async function goesOn(place: Place, name: string, way: Way, failures: Failures): Promise<void> {
  const { world } = place
  const { rank, size } = world
  const { release, until } = await way(place)
  const last = size - 1
  const sum = new Float64Array(N)
  const data = new Float64Array(N).fill(rank === last ? 7 : 0)
  const [blocks, received] = [new Float64Array(N * size).fill(rank), new Float64Array(N * size)]
  const scanned = new Float64Array(N)
  const requests = [
    world.ibarrier(),
    world.iallreduce(new Float64Array(N).fill(rank + 1), sum, { op: SUM }),
    world.ibcast(data, { root: last }),
    world.ialltoall(blocks, received),
    world.iscan(new Float64Array(N).fill(1), scanned, { op: SUM }),
  ]
  const total = world.iallreduceObject(rank, (a: number, b: number) => a + b)
  if (rank === 0) {
    await waitAll([...requests, total])
    await release()
  } else {
    await until()
    await waitAll([...requests, total])
  }
  const all = (size * (size + 1)) / 2
  failures.same(
    `beside a wait for ${name}: sum, data, blocks, scan, object`,
    [sum[N - 1], data[N - 1], received[N * size - 1], scanned[0], total.value],
    [all, 7, last, rank + 1, all - size],
  )
}

/** Waits in every way; what went wrong on this rank, as sentences. Collective. */
export async function checkElsewhere(place: Place): Promise<string[]> {
  const failures = new Failures(`rank ${place.world.rank}`)
  for (const [name, way] of Object.entries(WAYS)) await goesOn(place, name, way, failures)
  return failures.list
}
