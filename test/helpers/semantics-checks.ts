/**
 * What the MPI standard promises of point-to-point messages, as checks that run in any job: in one thread, over shared
 * memory, over ZeroMQ. Each is collective over `world`, leaves it clean, and returns what went wrong, as sentences.
 */
import {
  ANY_SOURCE,
  ANY_TAG,
  startAll,
  waitAll,
  waitAny,
  type Intracomm,
  type Message,
  type RecvOptions,
} from '../../index.ts'

type Check = (world: Intracomm) => Promise<string[]>

/** Doubles: around the switch from eager to rendezvous on every transport, up to 4 MiB. */
const LENGTHS = [0, 1, 2048, 2049, 8192, 8193, 524_288]

const neighbours = ({ rank, size }: Intracomm): { dest: number; source: number } => ({
  dest: (rank + 1) % size,
  source: (rank - 1 + size) % size,
})

const filled = (n: number, value: number): Float64Array => new Float64Array(n).fill(value)

/** True if the first `n` elements are `value` and the next is untouched. */
const holds = (array: Float64Array, n: number, value: number): boolean =>
  array.subarray(0, n).every((element) => element === value) && (array.length === n || array[n] === 0)

/** Messages of decreasing size, the later ones far quicker on their way, meet wildcard receives in their order. */
const nonOvertaking: Check = async (world) => {
  const { dest } = neighbours(world)
  const failures: string[] = []
  const lengths = LENGTHS.toReversed()
  const buffers = lengths.map(() => filled(524_289, 0))
  const receives = buffers.map((buffer) => world.irecv(buffer, { source: ANY_SOURCE, tag: ANY_TAG }))
  const sends = lengths.map((n, i) => world.isend(filled(n, i + 1), { dest, tag: 100 - i }))
  for (const [i, status] of (await waitAll(receives)).entries())
    if (
      status.tag !== 100 - i ||
      status.count !== lengths[i] ||
      !holds(buffers[i] as Float64Array, lengths[i] as number, i + 1)
    )
      failures.push(`receive ${i} got the message of tag ${status.tag} with ${status.count} elements`)
  await waitAll(sends)
  return failures
}

/** All orders of some things. */
function orders<T>(things: readonly T[]): T[][] {
  if (things.length === 0) return [[]]
  return things.flatMap((thing, i) => orders(things.toSpliced(i, 1)).map((rest) => [thing, ...rest]))
}

/**
 * Receives that ask for one message in the four ways there are, posted in every order: each takes the message whose turn it
 * is, whether it names source and tag or not, and one that waits comes after all of them. In every other round one of them
 * is taken back first, and loses its turn.
 */
const turns: Check = async (world) => {
  const { dest, source } = neighbours(world)
  const failures: string[] = []
  for (const [round, ways] of orders<RecvOptions>([{ source, tag: 4 }, { source }, { tag: 4 }, {}]).entries()) {
    const n = round % 3 === 0 ? 9000 : 2
    const posted = ways.map((options) => ({ options, buffer: filled(n + 1, 0) }))
    const requests = posted.map(({ options, buffer }) => world.irecv(buffer, options))
    const lost = round % 2 === 1 ? Math.floor(round / 2) % 4 : -1
    if (lost >= 0) requests[lost]?.cancel()
    await world.barrier()
    const sent = requests.flatMap((_, i) => (i === lost ? [] : i))
    const sends = [...sent, 4].map((i) => world.isend(filled(n, i + 1), { dest, tag: 4 }))
    const last = filled(n, 0)
    await world.recv(last, { source, tag: 4 })
    if (last[0] !== 5) failures.push(`the receive after ${JSON.stringify(ways)} got message ${last[0]}`)
    await waitAll([...requests, ...sends])
    for (const [i, { options, buffer }] of posted.entries())
      if (i === lost ? !holds(buffer, 0, 0) : !holds(buffer, n, i + 1))
        failures.push(`receive ${i} of ${JSON.stringify(ways)}, ${JSON.stringify(options)}, got message ${buffer[0]}`)
  }
  return failures
}

/** The same the other way round: receives that ask in any way take of the messages that have come the one whose turn it is. */
const turnsOfMessages: Check = async (world) => {
  const { dest, source } = neighbours(world)
  const failures: string[] = []
  const tags = [1, 2, 1, 2, 3, 2]
  for (const [round, ways] of orders<RecvOptions>([{ source, tag: 2 }, { source }, { tag: 2 }, {}]).entries()) {
    const n = round % 3 === 0 ? 9000 : 2
    const sends = tags.map((tag, i) => world.isend(filled(n, i), { dest, tag }))
    // When the last can be seen all are here.
    sends.push(world.isend(new Int8Array(0), { dest, tag: 9 }))
    await world.probe({ source, tag: 9 })
    const left = tags.map((tag, i) => ({ tag, i }))
    for (const options of [...ways, {}, {}]) {
      const buffer = filled(n, -1)
      const { tag } = await world.recv(buffer, options)
      const at = left.findIndex((message) => options.tag === undefined || options.tag === message.tag)
      const [expected] = left.splice(at, 1)
      if (buffer[n - 1] !== expected?.i || tag !== expected.tag)
        failures.push(`${JSON.stringify(ways)}: ${JSON.stringify(options)} got message ${buffer[0]} of tag ${tag}`)
    }
    await world.recv(new Int8Array(0), { source, tag: 9 })
    await waitAll(sends)
  }
  return failures
}

/** Expected and unexpected, eager and rendezvous, standard and synchronous, from any source, with any tag. */
const everyCombination: Check = async (world) => {
  const { dest, source } = neighbours(world)
  const failures: string[] = []
  for (const n of [3, 9000])
    for (const expected of [true, false])
      for (const synchronous of [true, false])
        for (const options of [{ source, tag: 4 }, { source }, { tag: 4 }, {}] as RecvOptions[]) {
          const buffer = filled(n + 1, 0)
          const early = expected ? world.irecv(buffer, options) : undefined
          await world.barrier()
          const send = world[synchronous ? 'issend' : 'isend'](filled(n, 1 + world.rank), { dest, tag: 4 })
          // The probe proves that the message is here before its receive.
          if (!expected) await world.probe(options)
          const status = await (early?.wait() ?? world.recv(buffer, options))
          await send.wait()
          if (status.source !== source || status.tag !== 4 || status.count !== n || !holds(buffer, n, 1 + source))
            failures.push(`${n} ${expected} ${synchronous} ${JSON.stringify(options)}: ${JSON.stringify(status)}`)
        }
  return failures
}

/** A matched probe removes the message: nobody else sees it, the next one comes after it. */
const matchedProbe: Check = async (world) => {
  const { dest, source } = neighbours(world)
  const failures: string[] = []
  for (const n of [2, 9000]) {
    const sends = [1, 2, 3].map((value) => world.issend(filled(n + value, value), { dest, tag: 6 }))
    const first = await world.mprobe({ source, tag: 6 })
    let second: Message | undefined
    while (second === undefined) second = world.improbe({ source, tag: 6 })
    const third = filled(n + 3, 0)
    const status = await world.recv(third, { source: ANY_SOURCE, tag: ANY_TAG })
    if (status.count !== n + 3) failures.push(`the receive after two matched probes got ${status.count} elements`)
    if (sends[0]?.test() !== undefined && world.size === 1)
      failures.push('the send ended before the message was received')
    if (world.iprobe({ source, tag: 6 }) !== undefined) failures.push('a message taken by mprobe can still be seen')
    for (const [i, message] of [second, first].entries()) {
      const value = 2 - i
      const buffer = filled(message.status.count, 0)
      const got = await (i === 0 ? message.recv(buffer) : message.irecv(buffer).wait())
      if (got.count !== n + value || got.source !== source || !holds(buffer, n + value, value))
        failures.push(`mprobe of message ${value} got ${JSON.stringify(got)}`)
    }
    await waitAll(sends)
  }
  const [, object] = await Promise.all([
    world.sendObject({ from: world.rank }, { dest, tag: 8 }),
    world.mprobe({ source, tag: 8 }).then((message) => message.recvObject<{ from: number }>()),
  ])
  if (object.value.from !== source) failures.push(`object from ${object.value.from}`)
  return failures
}

/** Receives that are taken back steal no message, whether they asked for anything or for one thing. */
const cancelled: Check = async (world) => {
  const { dest, source } = neighbours(world)
  const failures: string[] = []
  for (const n of [1, 9000]) {
    const wild = [{}, { source }, { tag: 3 }, { source, tag: 3 }].map((options) => world.irecv(filled(n, 0), options))
    for (const request of wild) request.cancel()
    for (const status of await waitAll(wild)) if (!status.cancelled) failures.push('a cancelled receive took a message')
    const buffer = filled(n, 0)
    await world.barrier()
    const status = await world.sendrecv(filled(n, 5), buffer, { dest, source, sendTag: 3, recvTag: 3 })
    if (status.count !== n || !holds(buffer, n, 5)) failures.push(`after the cancels: ${JSON.stringify(status)}`)
  }
  return failures
}

/** A probe that waits wakes for messages that come later, of one byte to 4 MiB. */
const lateProbe: Check = async (world) => {
  const { dest, source } = neighbours(world)
  const failures: string[] = []
  for (const nbytes of [1, 64, 16_385, 65_537, 1 << 22]) {
    const probes = [world.probe({ source, tag: 2 }), world.probe({ tag: 2 }), world.probe({ source, tag: ANY_TAG })]
    await Promise.resolve()
    const send = world.isend(new Uint8Array(nbytes).fill(7), { dest, tag: 2 })
    for (const status of await Promise.all(probes))
      if (status.nbytes !== nbytes || status.source !== source) failures.push(`probed ${JSON.stringify(status)}`)
    const buffer = new Uint8Array(nbytes)
    await world.recv(buffer, { source, tag: 2 })
    if (buffer.some((byte) => byte !== 7)) failures.push(`${nbytes} bytes changed on the way`)
    await send.wait()
  }
  return failures
}

/** The same source and tag on many communicators at once: every message stays on its own. */
const isolation: Check = async (world) => {
  const { dest, source } = neighbours(world)
  const failures: string[] = []
  const comms: Intracomm[] = []
  for (let i = 0; i < 200; i++) comms.push(await world.dup())
  const sends = comms.map((comm, i) => comm.isend(Int32Array.of(i), { dest, tag: 1 }))
  const buffers = comms.map(() => new Int32Array(1))
  const receives = comms
    .toReversed()
    .map((comm, i) => comm.irecv(buffers[199 - i] as Int32Array, i % 2 === 0 ? {} : { source }))
  await waitAll([...receives, ...sends])
  for (const [i, [value]] of buffers.entries()) if (value !== i) failures.push(`communicator ${i} got message ${value}`)
  for (const comm of comms) comm.free()
  return failures
}

/** Persistent requests start again with what their buffers hold then, and count as ended in between. */
const persistent: Check = async (world) => {
  const { dest, source } = neighbours(world)
  const failures: string[] = []
  for (const n of [2, 9000]) {
    const [sent, received] = [filled(n, 0), filled(n, 0)]
    const requests = [
      world.recvInit(received, { source, tag: 9 }),
      world.sendInit(sent, { dest, tag: 9 }),
      world.ssendInit(new Int8Array(0), { dest, tag: 10 }),
      world.recvInit(new Int8Array(0), { source, tag: 10 }),
    ]
    for (let round = 1; round <= 5; round++) {
      sent.fill(round)
      startAll(requests)
      const ended = new Set<number>()
      while (ended.size < requests.length) ended.add((await waitAny(requests)).index)
      if (!holds(received, n, round)) failures.push(`round ${round} of ${n} doubles: ${received[0]}`)
      if (requests.some(({ active }) => active)) failures.push('a request is active though all have been waited for')
    }
  }
  return failures
}

/** A buffer is sent and replaced in one call, large and small, also when partners are the same or the caller. */
const replaced: Check = async (world) => {
  const { dest, source } = neighbours(world)
  const failures: string[] = []
  for (const n of [0, 3, 9000])
    for (const [to, from] of [
      [dest, source],
      [world.rank, world.rank],
    ] as const) {
      const buffer = filled(n, world.rank + 1)
      const status = await world.sendrecvReplace(buffer, { dest: to, source: from })
      if (status.count !== n || !holds(buffer, n, from + 1)) failures.push(`${n} doubles: ${JSON.stringify(status)}`)
    }
  return failures
}

/** An aborted receive takes no message; an aborted wait leaves its operation going. */
const aborted: Check = async (world) => {
  const { dest, source } = neighbours(world)
  const failures: string[] = []
  for (const n of [1, 9000]) {
    const stop = new AbortController()
    const waits = [
      world.recv(filled(n, 0), { source, tag: 11, signal: stop.signal }),
      world.probe({ source, tag: 11, signal: stop.signal }),
      world.mprobe({ signal: stop.signal }),
      world.recvObject({ tag: 12, signal: stop.signal }),
    ]
    const buffer = filled(n, 0)
    const request = world.irecv(buffer, { source, tag: 13 })
    const waiting = [...waits, request.wait({ signal: stop.signal }), waitAny([request], { signal: stop.signal })]
    stop.abort(new Error('enough'))
    for (const outcome of await Promise.allSettled(waiting))
      if (outcome.status === 'fulfilled' || (outcome.reason as Error).message !== 'enough')
        failures.push(`an aborted wait: ${JSON.stringify(outcome)}`)
    await world.barrier()
    const sends = [11, 13].map((tag) => world.isend(filled(n, tag), { dest, tag }))
    const late = filled(n, 0)
    await world.recv(late, { source, tag: 11 })
    if (!holds(late, n, 11)) failures.push('an aborted receive took the message')
    await waitAll([request, ...sends])
    if (!holds(buffer, n, 13)) failures.push('the request did not go on after its wait was aborted')
  }
  return failures
}

const CHECKS = {
  nonOvertaking,
  turns,
  turnsOfMessages,
  everyCombination,
  matchedProbe,
  cancelled,
  lateProbe,
  isolation,
  persistent,
  replaced,
  aborted,
}

/** Runs all checks; a sentence for each failure, with the check and the rank. Collective. */
export async function checkSemantics(world: Intracomm): Promise<string[]> {
  const failures: string[] = []
  for (const [name, check] of Object.entries(CHECKS)) {
    // Wildcard receives of one check must not meet messages of the next.
    await world.barrier()
    for (const failure of await check(world)) failures.push(`${name}, rank ${world.rank}: ${failure}`)
  }
  return failures
}
