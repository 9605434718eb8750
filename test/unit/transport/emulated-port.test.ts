/** The clocks of emulated network ports, in virtual time: what arrives when, over random traffic. */
import fc from 'fast-check'
import t from 'tap'
import { pieceBytes, wireBytes, windowBytes, type LinkProfile } from '../../../runtime/transport/emulated-link.ts'
import { ReceivePort, TransmitPort, type Credit } from '../../../runtime/transport/emulated-port.ts'

interface Sent {
  readonly source: number
  readonly dest: number
  readonly nbytes: number
  readonly atMs: number
  readonly serial: number
}

interface Delivered extends Sent {
  readonly departMs: number
  readonly finishMs: number
}

interface Host {
  readonly transmit: TransmitPort<Sent>
  readonly receive: ReceivePort<Sent & { departMs: number }>
}

/**
 * Ports of several hosts and nothing else: time goes on in steps of `stepMs`, everything that is to travel does at once.
 * Ends when all is delivered, or fails.
 */
function simulate(link: LinkProfile, hosts: number, messages: readonly Sent[], stepMs: number): Delivered[] {
  const all: Host[] = Array.from({ length: hosts }, () => ({
    transmit: new TransmitPort<Sent>(link, hosts),
    receive: new ReceivePort<Sent & { departMs: number }>(link, hosts),
  }))
  const delivered: Delivered[] = []
  const waiting = [...messages].sort((a, b) => a.atMs - b.atMs)
  const total = messages.reduce((sum, { nbytes }) => sum + nbytes, 0)
  const end = (waiting.at(-1)?.atMs ?? 0) + (3 * total) / link.bytesPerMs + 100 * (link.latencyMs + stepMs) + 100
  for (let now = 0; delivered.length < messages.length; now += stepMs) {
    if (now > end) throw new Error(`${delivered.length} of ${messages.length} delivered at ${now} ms`)
    while (waiting[0] !== undefined && waiting[0].atMs <= now) {
      const message = waiting.shift() as Sent
      all[message.source]?.transmit.push(message.dest, message.nbytes, message, message.atMs)
    }
    for (const [source, { transmit }] of all.entries())
      transmit.advance(now, (dest, message, departMs) =>
        all[dest]?.receive.push(source, message.nbytes, { ...message, departMs }, departMs + link.latencyMs),
      )
    for (const [dest, { receive }] of all.entries())
      receive.advance(now, {
        pass: (message, finishMs) => delivered.push({ ...message, finishMs }),
        credit: (source: number, credit: Credit) =>
          all[source]?.transmit.credit(dest, { ...credit, atMs: credit.atMs + link.latencyMs }),
      })
  }
  return delivered
}

const LINK: LinkProfile = { bytesPerMs: 1000, latencyMs: 0.5, bufferBytes: 8000 }
const HOSTS = 4

const message = fc
  .record({
    source: fc.nat(HOSTS - 1),
    hop: fc.integer({ min: 1, max: HOSTS - 1 }),
    nbytes: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 500, max: 2000 })),
    atMs: fc.double({ min: 0, max: 20, noNaN: true }),
  })
  .map(({ source, hop, ...rest }) => ({ ...rest, source, dest: (source + hop) % HOSTS }))
const traffic = fc
  .array(message, { minLength: 1, maxLength: 120 })
  .map((list) => list.sort((a, b) => a.atMs - b.atMs).map((one, serial) => ({ ...one, serial })))

/** Largest number of bytes that end in any span of time beyond what the span allows, over one port. */
function excess(ends: readonly { readonly atMs: number; readonly nbytes: number }[], bytesPerMs: number): number {
  const sorted = [...ends].sort((a, b) => a.atMs - b.atMs)
  let worst = 0
  for (let from = 0; from < sorted.length; from++) {
    let bytes = 0
    for (const { atMs, nbytes } of sorted.slice(from)) {
      bytes += nbytes
      worst = Math.max(worst, bytes - (atMs - (sorted[from]?.atMs ?? 0)) * bytesPerMs)
    }
  }
  return worst
}

const EPSILON = 1e-6
const LARGEST = 2000
const by = (key: 'source' | 'dest', host: number, list: readonly Delivered[]): Delivered[] =>
  list.filter((one) => one[key] === host)

t.test('ports never send or receive faster than the link, whoever sends to whom', async () => {
  fc.assert(
    fc.property(traffic, (messages) => {
      const delivered = simulate(LINK, HOSTS, messages, 0.1)
      for (let host = 0; host < HOSTS; host++) {
        const sent = by('source', host, delivered).map(({ departMs, nbytes }) => ({ atMs: departMs, nbytes }))
        const taken = by('dest', host, delivered).map(({ finishMs, nbytes }) => ({ atMs: finishMs, nbytes }))
        // What ends first may have begun earlier: its own bytes do not count, nor do parts of others that came amid them.
        if (excess(sent, LINK.bytesPerMs) > LARGEST + EPSILON) return false
        if (excess(taken, LINK.bytesPerMs) > HOSTS * LARGEST + EPSILON) return false
      }
      return true
    }),
  )
})

t.test('messages of one host to another stay in order, and none is early', async () => {
  fc.assert(
    fc.property(traffic, fc.double({ min: 0.05, max: 3, noNaN: true }), (messages, stepMs) => {
      const delivered = simulate(LINK, HOSTS, messages, stepMs)
      const last = new Map<string, number>()
      return delivered.every(({ source, dest, serial, atMs, nbytes, finishMs }) => {
        const pair = `${source} ${dest}`
        const inOrder = serial > (last.get(pair) ?? -1)
        last.set(pair, serial)
        return inOrder && finishMs >= atMs + nbytes / LINK.bytesPerMs + LINK.latencyMs - EPSILON
      })
    }),
  )
})

t.test('a transmitting port is never idle while something waits that may go', async () => {
  fc.assert(
    fc.property(traffic, (messages) => {
      // One sender, each receiver with room enough: departures are those of one queue.
      const own = messages.filter(({ source }) => source === 0)
      const roomy = { ...LINK, bufferBytes: 1e6 }
      const departures = simulate(roomy, HOSTS, own, 0.1).map(({ departMs }) => departMs)
      let free = 0
      const expected = own.map(({ atMs, nbytes }) => (free = Math.max(free, atMs) + nbytes / LINK.bytesPerMs))
      return Math.abs(Math.max(0, ...departures) - (expected.at(-1) ?? 0)) < EPSILON
    }),
  )
})

t.test('a caller that is late loses no time: what was queued meanwhile moves as if it had been there', async (t) => {
  const messages = Array.from({ length: 40 }, (_, serial) => ({ source: 0, dest: 1, nbytes: 1000, atMs: 0, serial }))
  for (const stepMs of [0.1, 1, 3.9]) {
    const last = simulate(LINK, 2, messages, stepMs).at(-1) as Delivered
    t.equal(last.finishMs, 40.5, `steps of ${stepMs} ms`)
  }
})

t.test(
  'two senders to one receiver get half each, and one receiver of two senders is as fast as its link',
  async (t) => {
    const messages = Array.from({ length: 80 }, (_, i) => ({
      source: 1 + (i % 2),
      dest: 0,
      nbytes: 1000,
      atMs: 0,
      serial: i,
    }))
    const delivered = simulate(LINK, 3, messages, 0.1)
    const ends = [1, 2].map((source) => by('source', source, delivered).at(-1)?.finishMs ?? 0)
    t.ok(
      ends.every((ms) => ms > 75 && ms < 83),
      `both end near 80 ms: ${ends}`,
    )
  },
)

t.test('a small message to another host waits behind the port buffer, not behind all bulk', async (t) => {
  const bulk = Array.from({ length: 100 }, (_, serial) => ({ source: 0, dest: 1, nbytes: 1000, atMs: 0, serial }))
  const small = { source: 0, dest: 2, nbytes: 100, atMs: 20.05, serial: 100 }
  const delivered = simulate(LINK, 3, [...bulk, small], 0.1)
  const { finishMs } = delivered.find(({ serial }) => serial === 100) as Delivered
  const waited = finishMs - small.atMs - LINK.latencyMs - small.nbytes / LINK.bytesPerMs
  const bufferMs = LINK.bufferBytes / LINK.bytesPerMs
  t.ok(waited > bufferMs - 2 && waited < bufferMs + 2, `waited ${waited} ms, the buffer holds ${bufferMs} ms`)
})

t.test(
  'a small message to a busy receiver waits behind what its port holds, not behind all that others will send',
  async (t) => {
    const bulk = Array.from({ length: 400 }, (_, serial) => ({
      source: 1 + (serial % 2),
      dest: 0,
      nbytes: 1000,
      atMs: 0,
      serial,
    }))
    const small = { source: 3, dest: 0, nbytes: 100, atMs: 100, serial: 400 }
    const delivered = simulate(LINK, 4, [...bulk, small], 0.1)
    const { finishMs } = delivered.find(({ serial }) => serial === 400) as Delivered
    const bufferMs = LINK.bufferBytes / LINK.bytesPerMs
    t.ok(finishMs - small.atMs > 1, 'the port is busy')
    t.ok(
      finishMs - small.atMs < 2 * bufferMs + 2,
      `waited ${finishMs - small.atMs} ms, the buffer holds ${bufferMs} ms`,
    )
  },
)

t.test('a small message amid a large one that arrives does not wait for its end', async (t) => {
  const large = { source: 1, dest: 0, nbytes: 16_000, atMs: 0, serial: 0 }
  const small = { source: 2, dest: 0, nbytes: 10, atMs: 5, serial: 1 }
  const delivered = simulate(LINK, 3, [large, small], 0.1)
  t.same(
    delivered.map(({ serial }) => serial),
    [1, 0],
  )
  t.ok((delivered[0]?.finishMs ?? 99) < 6.6, 'a part of the large one at most')
  t.ok((delivered[1]?.finishMs ?? 99) < 16.5 + 1.538, 'the large one is late by a part of it at most')
})

t.test('both directions of a port are independent', async (t) => {
  const there = Array.from({ length: 50 }, (_, serial) => ({ source: 0, dest: 1, nbytes: 1000, atMs: 0, serial }))
  const back = there.map((one) => ({ ...one, source: 1, dest: 0, serial: one.serial + 50 }))
  const ends = simulate(LINK, 2, [...there, ...back], 0.1).map(({ finishMs }) => finishMs)
  t.equal(Math.max(...ends), 50.5)
})

t.test('more senders than the buffer has parts for still get through', async (t) => {
  const messages = Array.from({ length: 180 }, (_, serial) => ({
    source: 1 + (serial % 9),
    dest: 0,
    nbytes: 2000,
    atMs: 0,
    serial,
  }))
  t.equal(simulate(LINK, 10, messages, 0.1).length, 180)
})

t.test('wireBytes counts frames of Ethernet: 1448 bytes of payload take 1538', async (t) => {
  const many = 1448 * 1000
  t.equal(wireBytes([{ length: 1448 + many }]) - wireBytes([{ length: 1448 }]), 1538 * 1000)
  t.match((1e9 / 8 / 1e6) * (1448 / 1538), /^117\.68/, 'MB/s that TCP has on 1 Gbit/s')
})

t.test('wireBytes counts what ZeroMQ adds: 35 bytes to a short part, 42 to a long one', async (t) => {
  t.equal(wireBytes([{ length: 48 }]), 48 + 35 + 90)
  t.equal(wireBytes([{ length: 222 }]), 222 + 35 + 90, 'the longest whose length is one byte')
  t.equal(wireBytes([{ length: 223 }]), 223 + 42 + 90)
  t.equal(wireBytes([{ length: 48 }, { length: 1000 }]), 48 + 35 + 1000 + 42 + 90)
})

t.test('pieces are half a millisecond of the link and a quarter of the buffer at most', async (t) => {
  t.equal(pieceBytes({ bytesPerMs: 125_000, latencyMs: 0.05, bufferBytes: 1 << 18 }), 32 << 10)
  t.equal(pieceBytes({ bytesPerMs: 125_000, latencyMs: 0.05, bufferBytes: 1 << 16 }), 16 << 10)
  t.equal(pieceBytes({ bytesPerMs: 1, latencyMs: 0, bufferBytes: 3000 }), 4096)
  t.equal(pieceBytes({ bytesPerMs: 1e9, latencyMs: 0, bufferBytes: 1 << 30 }), 1 << 20)
  t.equal(windowBytes({ bytesPerMs: 1000, latencyMs: 2, bufferBytes: 5000 }), 9000)
})
