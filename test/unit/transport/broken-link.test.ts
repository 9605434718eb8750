/** A connection between agents that is reset is told, although the library makes a new one by itself. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import t from 'tap'
import { linkKeys, waysToOpen } from '../../helpers/agent-links.ts'

for (const [way, open] of waysToOpen())
  t.test(`${way}: an outbox tells once that a connection which held has broken`, async (t) => {
    const [server, client] = [linkKeys(), linkKeys()]
    const where = { address: '127.0.0.1', ports: undefined, partMax: 1024 }
    const links = await open(where, server, [client.publicKey])
    const { inbox } = links
    const { port } = new URL(inbox.endpoint)
    const sockets: Socket[] = []
    const relay = createServer((socket) => {
      const onward = connect(Number(port), '127.0.0.1')
      sockets.push(socket, onward)
      for (const one of [socket, onward]) one.on('error', () => undefined)
      socket.pipe(onward).pipe(socket)
    }).listen(0, '127.0.0.1')
    await once(relay, 'listening')

    let broken = 0
    const broke = new Promise<void>((resolve) => {
      const endpoint = `tcp://127.0.0.1:${(relay.address() as AddressInfo).port}`
      const outbox = links.outbox(endpoint, client, server.publicKey, () => {
        broken++
        resolve()
      })
      outbox.send([Buffer.from('text')], (error) => t.fail(String(error)))
    })
    const heard = new Promise<void>((resolve, reject) => inbox.listen(() => resolve(), reject))
    await heard
    t.equal(broken, 0, 'not before')
    relay.close()
    for (const socket of sockets) socket.destroy()
    await broke
    t.equal(broken, 1)
  })

// As agents do, the process closes its sockets by ending: libzmq may abort when one is closed whose connection has broken.
t.teardown(() => setImmediate(() => process.exit()))
t.end()
