/** Those who connect to a job's port and are not of the job: what they send, and what they see of the answer. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { curveKeyPair, Push } from 'zeromq'
import type { LinkKeys } from '../../runtime/transport/admission.ts'

/** A ZMTP 3.0 greeting that asks for a mechanism (RFC 23). */
export function greeting(mechanism: string): Buffer {
  const bytes = Buffer.alloc(64)
  bytes[0] = 0xff
  bytes[8] = 1
  bytes[9] = 0x7f
  bytes[10] = 3
  bytes.write(mechanism, 12, 'latin1')
  return bytes
}

const HELLO = Buffer.concat([Buffer.from([4, 200, 5]), Buffer.from('HELLO'), Buffer.alloc(194, 7)])
/** A command whose length field promises 2^48 bytes. */
const HUGE = Buffer.from([6, 0, 1, 0, 0, 0, 0, 0, 0])
const READY = Buffer.concat([Buffer.from([4, 6, 5]), Buffer.from('READY')])
/** Name and password of no length (RFC 24). */
const NAMELESS = Buffer.concat([Buffer.from([4, 8, 5]), Buffer.from('HELLO'), Buffer.from([0, 0])])
/** What a ZMTP 3.0 peer without security would send as a message. */
const MESSAGE = Buffer.from([0, 4, 1, 2, 3, 4])

/** What strangers say, by name. */
export const PHRASES: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.alloc(0),
  'a web request': Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  'a TLS hello': Buffer.from('16030100c8010000c40303', 'hex'),
  'zero bytes': Buffer.alloc(100_000),
  'bytes of one bits': Buffer.alloc(100_000, 0xff),
  'a ZMTP 1.0 message': Buffer.from([1, 0, 5, 0, 1, 2, 3, 4]),
  'a greeting cut short': greeting('CURVE').subarray(0, 40),
  'a greeting and nothing more': greeting('CURVE'),
  'a greeting of NULL and a message': Buffer.concat([greeting('NULL'), READY, MESSAGE]),
  'a greeting of PLAIN': Buffer.concat([greeting('PLAIN'), READY, MESSAGE]),
  'PLAIN without name and password': Buffer.concat([greeting('PLAIN'), NAMELESS]),
  'CURVE with a false hello': Buffer.concat([greeting('CURVE'), HELLO]),
  'CURVE with a message instead of a hello': Buffer.concat([greeting('CURVE'), MESSAGE]),
  'CURVE with a command of 2^48 bytes': Buffer.concat([greeting('CURVE'), HUGE, Buffer.alloc(1000)]),
}

/** The mechanism of security that a server asks for, in its greeting (RFC 23): it says so to who has told the version only. */
export function mechanismOf(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(greeting('').subarray(0, 12)))
    let heard = Buffer.alloc(0)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`no greeting but ${heard.toString('hex')}`)))
    socket.on('data', (bytes: Buffer) => {
      heard = Buffer.concat([heard, bytes])
      if (heard.length < 32) return
      resolve(heard.toString('latin1', 12, 32).replace(/\0+$/, ''))
      socket.destroy()
    })
  })
}

/** Connects and sends; the socket stays open until the other side, or the test, closes it. */
export function say(port: number, bytes: Uint8Array): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.on('error', () => undefined) // being cut off is what they are in for
      socket.resume()
      if (bytes.length > 0) socket.write(bytes)
      resolve(socket)
    })
  })
}

/** Connects one after the other and stays silent: at most `atOnce` connections are being opened at a time. */
export async function sayNothing(port: number, count: number, atOnce = 200): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < count)
    sockets.push(
      ...(await Promise.all(
        Array.from({ length: Math.min(atOnce, count - sockets.length) }, () => say(port, Buffer.alloc(0))),
      )),
    )
  return sockets
}

/** Resolves when the other side has closed the connection. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => (socket.closed ? resolve() : socket.once('close', () => resolve())))
}

/** A proper client with a key of its own that does not know the server's: it tries until it is closed. */
export function wrongServerKey(port: number): Push {
  const { publicKey, secretKey } = curveKeyPair()
  return client(port, {
    curvePublicKey: publicKey,
    curveSecretKey: secretKey,
    curveServerKey: curveKeyPair().publicKey,
  })
}

/** A client without security. */
export function withoutKey(port: number): Push {
  return client(port, {})
}

/** Proper clients that a server refuses. */
export interface RefusedClient {
  readonly name: string
  readonly connect: () => Push
  /** They get as far as to give a key, and it is that which does not fit. */
  readonly givesKey: boolean
  /** The server asks whose key that is, and learns where it comes from. */
  readonly isAsked: boolean
}

/** @param member who is admitted, if it gives all it has */
export function clientsRefused(port: number, server: LinkKeys, member: LinkKeys): RefusedClient[] {
  const { publicKey, secretKey } = curveKeyPair()
  const unannounced = { curvePublicKey: publicKey, curveSecretKey: secretKey, curveServerKey: server.publicKey }
  const refused = (name: string, options: PushOptions, ...what: ('givesKey' | 'isAsked')[]): RefusedClient => ({
    name,
    connect: () => client(port, options),
    givesKey: what.includes('givesKey'),
    isAsked: what.includes('isAsked'),
  })
  const noKey = { name: 'no key', connect: () => withoutKey(port), givesKey: false, isAsked: false }
  if (!server.inTheClear)
    return [
      refused('a key that nobody announced', unannounced, 'givesKey', 'isAsked'),
      { name: 'a wrong key of the server', connect: () => wrongServerKey(port), givesKey: true, isAsked: false },
      refused('a name and no key', { plainUsername: member.publicKey, plainPassword: server.publicKey }),
      noKey,
    ]
  const named = (plainUsername: string, plainPassword: string): PushOptions => ({ plainUsername, plainPassword })
  return [
    refused('a name that nobody announced', named(publicKey, server.publicKey), 'givesKey', 'isAsked'),
    refused('the password of another', named(member.publicKey, member.publicKey), 'givesKey'),
    refused('the password for a name', named(server.publicKey, server.publicKey), 'givesKey'),
    refused('part of the password', named(member.publicKey, server.publicKey.slice(1)), 'givesKey'),
    refused('a key where none is wanted', unannounced),
    noKey,
  ]
}

type PushOptions = ConstructorParameters<typeof Push>[0]

function client(port: number, options: PushOptions): Push {
  const push = new Push({ linger: 0, sendTimeout: 0, ...options })
  push.connect(`tcp://127.0.0.1:${port}`)
  return push
}

/** Stands between a client and a server, and writes down what the client says. */
export async function recorder(port: number): Promise<{ port: number; heard: Buffer[]; close: () => void }> {
  const heard: Buffer[] = []
  const server = createServer((from) => {
    const to = connect(port, '127.0.0.1')
    for (const socket of [from, to]) socket.on('error', () => undefined)
    from.on('data', (bytes: Buffer) => heard.push(bytes))
    from.pipe(to)
    to.pipe(from)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, heard, close: () => void server.close() }
}
