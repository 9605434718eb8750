/** Where an inbox listens. */
import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { curveKeyPair } from 'zeromq'
import { ZmqInbox } from '../../../runtime/transport/zmq-link.ts'

const LOOPBACK = { address: '127.0.0.1', partMax: 1 << 16 }
const server = curveKeyPair()

t.test('ports: the first free one of a range is taken; none free is an error with the range', async (t) => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port: first } = taken.address() as AddressInfo
  const where = { ...LOOPBACK, ports: { first, last: first } }
  await t.rejects(ZmqInbox.open(where, server, []), {
    message: `all ports from ${first} to ${first} of 127.0.0.1 are taken: give a wider range`,
  })
  await t.rejects(ZmqInbox.open({ ...LOOPBACK, address: '192.0.2.1', ports: undefined }, server, []), {
    code: 'EADDRNOTAVAIL',
  })
  const other = await ZmqInbox.open({ ...where, ports: { first, last: first + 50 } }, server, [])
  const chosen = Number(other.endpoint.split(':').at(-1))
  t.ok(chosen > first && chosen <= first + 50, `${chosen} is in the range`)
  await other.close()
  taken.close()
})
