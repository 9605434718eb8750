/** Where an inbox listens. */
import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { linkKeys, waysToOpen } from '../../helpers/agent-links.ts'

const LOOPBACK = { address: '127.0.0.1', partMax: 1 << 16 }
const server = linkKeys()

for (const [way, open] of waysToOpen())
  t.test(`${way}, ports: the first free one of a range is taken; none free is an error with the range`, async (t) => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port: first } = taken.address() as AddressInfo
    const where = { ...LOOPBACK, ports: { first, last: first } }
    await t.rejects(open(where, server, []), {
      message: `all ports from ${first} to ${first} of 127.0.0.1 are taken: give a wider range`,
    })
    await t.rejects(open({ ...LOOPBACK, address: '192.0.2.1', ports: undefined }, server, []), {
      code: 'EADDRNOTAVAIL',
    })
    const other = await open({ ...where, ports: { first, last: first + 50 } }, server, [])
    const chosen = Number(other.inbox.endpoint.split(':').at(-1))
    t.ok(chosen > first && chosen <= first + 50, `${chosen} is in the range`)
    await other.inbox.close()
    taken.close()
  })
