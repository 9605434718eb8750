/** An inbox hears the agents of its job and nobody else, with encryption and without. */
import t from 'tap'
import { nativeMemory, type NativeMemory } from '../../runtime/base/native-calls.ts'
import type { Strangers } from '../../runtime/transport/admission.ts'
import type { Part } from '../../runtime/transport/agent-link.ts'
import { linkKeys, waysToOpen } from './agent-links.ts'
import { clientsRefused, closed, PHRASES, recorder, say, sayNothing } from './strangers.ts'
import { until } from './until.ts'

const PART_MAX = 1 << 16
const LIMIT_MS = 20_000
/** Short, so that the test is. */
const LOOPBACK = { address: '127.0.0.1', partMax: PART_MAX, handshakeMs: 700 }
const memory = nativeMemory()
const fail = (error: unknown): void => {
  throw error
}

/** The tests of one file: libzmq asks one handler a process for keys. */
export function checkLinks(inTheClear: boolean): void {
  const [server, friend] = [linkKeys(inTheClear), linkKeys(inTheClear)]
  for (const [way, open] of waysToOpen())
    void t.test(way, async (t) => {
      const links = await open({ ...LOOPBACK, ports: undefined }, server, [server.publicKey, friend.publicKey])
      const { inbox } = links
      const port = Number(inbox.endpoint.split(':').at(-1))
      const received: string[] = []
      inbox.listen((parts) => void received.push(parts.map(String).join(' ')), fail)

      const outbox = links.outbox(inbox.endpoint, friend, server.publicKey)

      /** Sends one message as a member of the job and waits for it: all that is received is from members. */
      async function exchange(text: string, part: Part = Buffer.from(text)): Promise<void> {
        const before = received.length
        outbox.send([Buffer.from('word'), part], fail)
        await until(
          () => received.length > before,
          LIMIT_MS,
          () => `the message "${text}" arrived`,
        )
        if (received.at(-1) !== `word ${text}` || received.length !== before + 1)
          throw new Error(`received ${received.slice(before).join(', ')}`)
      }

      /** What was counted while `visit` ran; `arrived` says when all is counted. */
      async function counted(
        visit: () => Promise<void>,
        arrived: (strangers: Strangers) => boolean,
      ): Promise<Strangers> {
        const before = inbox.strangers
        const since = (): Strangers => {
          const { connections, silent, wrongKey, address } = inbox.strangers
          return {
            connections: connections - before.connections,
            silent: silent - before.silent,
            wrongKey: wrongKey - before.wrongKey,
            address,
          }
        }
        await visit()
        await until(
          () => arrived(since()),
          LIMIT_MS,
          () => `all were counted: ${JSON.stringify(since())}`,
        )
        return since()
      }

      void t.test('a member of the job is heard', async (t) => {
        await exchange('hello')
        t.equal(inbox.strangers.connections, 0, 'and not counted among the strangers')
      })

      void t.test(
        'a part that is known by its address only is sent',
        { skip: memory === undefined && 'no koffi' },
        async (t) => {
          const text = 'of another thread'
          const bytes = Uint8Array.from(Buffer.from(text))
          await exchange(text, { address: (memory as NativeMemory).addressOf(bytes), length: bytes.length })
          t.equal(String(Buffer.from(bytes)), text)
        },
      )

      for (const [name, bytes] of Object.entries(PHRASES))
        void t.test(`a stranger who sends ${name} is cut off, counted, and changes nothing`, async (t) => {
          const { connections } = await counted(
            async () => {
              const socket = await say(port, bytes)
              await exchange(`while a stranger sends ${name}`)
              await closed(socket)
            },
            (strangers) => strangers.connections === 1,
          )
          t.equal(connections, 1)
          await exchange(`after a stranger sent ${name}`)
        })

      void t.test('a greeting that comes byte by byte does not last longer than the time for it', async (t) => {
        await counted(
          async () => {
            const socket = await say(port, Buffer.alloc(0))
            const drip = setInterval(() => void socket.write(Buffer.from([0xff])), 200)
            await closed(socket)
            clearInterval(drip)
          },
          ({ connections }) => connections === 1,
        )
        await exchange('after a slow stranger')
        t.pass()
      })

      void t.test('clients with other keys, or none, are refused and counted', async (t) => {
        for (const { name, connect, givesKey, isAsked } of clientsRefused(port, server, friend)) {
          const push = connect()
          push.send('let me in').catch(() => undefined)
          const strangers = await counted(
            () => exchange(`while a client with ${name} knocks`),
            ({ connections, wrongKey }) => connections >= 1 && (!givesKey || wrongKey >= 1),
          )
          push.close()
          t.ok(strangers.connections >= 1, name)
          if (isAsked) t.equal(strangers.address, '127.0.0.1', 'its address is known')
          await exchange(`after a client with ${name}`)
        }
      })

      /** A member says this through a recorder: all that it sends. */
      async function recorded(word: string): Promise<Buffer> {
        const between = await recorder(port)
        const member = links.outbox(`tcp://127.0.0.1:${between.port}`, friend, server.publicKey)
        const before = received.length
        member.send([Buffer.from('pay'), Buffer.from(word)], fail)
        await until(
          () => received.length > before,
          LIMIT_MS,
          () => 'the member was heard through the recorder',
        )
        member.close()
        between.close()
        if (received.at(-1) !== `pay ${word}`) throw new Error(`received ${received.at(-1)}`)
        return Buffer.concat(between.heard)
      }

      if (inTheClear)
        void t.test('what a member says can be read on the wire', async (t) => {
          t.ok((await recorded('a hundred thalers')).includes('a hundred thalers'))
        })
      else
        void t.test('a recorded conversation of a member cannot be read; said again, it is refused', async (t) => {
          const conversation = await recorded('a hundred thalers')
          t.notOk(conversation.includes('a hundred thalers'))
          const before = received.length
          const { connections } = await counted(
            async () => closed(await say(port, conversation)),
            (strangers) => strangers.connections === 1,
          )
          t.equal(connections, 1)
          t.equal(received.length, before, 'and is not heard a second time')
          await exchange('after the replay')
        })

      void t.test('a crowd of strangers who say nothing does not keep members out', async (t) => {
        const crowd = await counted(
          async () => {
            const sockets = await sayNothing(port, 2000)
            await exchange('in a crowd')
            const newcomer = links.outbox(inbox.endpoint, friend, server.publicKey)
            const before = received.length
            newcomer.send([Buffer.from('me'), Buffer.from('too')], fail)
            await until(
              () => received.length > before,
              LIMIT_MS,
              () => 'a newcomer was heard in a crowd',
            )
            newcomer.close()
            await Promise.all(sockets.map(closed))
          },
          ({ connections }) => connections === 2000,
        )
        t.equal(crowd.connections, 2000, 'all of them were counted and sent away after a time')
        await exchange('after the crowd')
      })

      void t.test(
        'a member whom nobody answers in time gets in later, and knows that it may count as a stranger',
        async (t) => {
          const before = inbox.strangers.connections
          const late = links.outbox(inbox.endpoint, friend, server.publicKey)
          t.equal(late.unfinished, 1, 'the one that is under way')
          const heard = received.length
          late.send([Buffer.from('I am'), Buffer.from('late')], fail)
          // The thread that would answer the question for the key is busy for longer than the connection may take.
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * LOOPBACK.handshakeMs)
          await until(
            () => received.length > heard && late.unfinished === inbox.strangers.connections - before,
            LIMIT_MS,
            () => `${late.unfinished} of ${inbox.strangers.connections - before} connections were the member's own`,
          )
          t.ok(late.unfinished >= 1, 'it was turned away first')
          t.equal(received.at(-1), 'I am late')
          late.close()
        },
      )

      void t.test(
        'a member that sends a part that is too long is cut off, and no memory is taken for it',
        async (t) => {
          const giant = links.outbox(inbox.endpoint, friend, server.publicKey)
          const before = received.length
          giant.send([Buffer.from('ok'), Buffer.alloc(PART_MAX)], fail)
          await until(
            () => received.length > before,
            LIMIT_MS,
            () => 'a part of the longest length was heard',
          )
          giant.send([Buffer.from('too'), Buffer.alloc(PART_MAX + 4096)], fail)
          await exchange('beside a giant')
          t.notOk(received.some((text) => text.startsWith('too')))
        },
      )

      void t.test('an outbox knows why it has no connection, and that it has one', async (t) => {
        const cases = [
          { endpoint: inbox.endpoint, keys: friend, trouble: undefined },
          { endpoint: 'tcp://127.0.0.1:1', keys: friend, trouble: 'the connection is refused' },
          { endpoint: 'tcp://192.0.2.1:9', keys: friend, trouble: 'no answer' },
        ]
        for (const { endpoint, keys, trouble } of cases) {
          const one = links.outbox(endpoint, keys, server.publicKey)
          await until(
            () => one.trouble === trouble,
            LIMIT_MS,
            () => `${endpoint}: "${one.trouble}" became "${trouble}"`,
          )
          t.equal(one.trouble, trouble, endpoint)
        }
      })
    })

  // As agents do, the process closes its sockets by ending: libzmq may abort when one is closed that strangers have met.
  t.teardown(() => setImmediate(() => process.exit()))
  t.end()
}
