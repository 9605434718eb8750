/** When agents connect to each other, and what is told if they cannot. */
import { mock } from 'node:test'
import t from 'tap'
import type { Unlinked } from '../../../runtime/agent/job-description.ts'
import { PeerLinks } from '../../../runtime/agent/peer-links.ts'
import { encodeFrame, makeFrame, readNumber, WIRE } from '../../../runtime/agent/wire-format.ts'
import type { AgentLinks } from '../../../runtime/transport/agent-link.ts'
import { FrameOrder } from '../../../runtime/transport/frame-order.ts'

/** Ways of agent 0 to two others, over sockets that keep what they are handed. */
function waysOverPaper(trouble?: string) {
  const opened: string[] = []
  const sent: number[] = []
  const unlinked: Unlinked[] = []
  const sockets = {
    outbox: (endpoint: string, _keys: unknown, serverKey: string) => {
      opened.push(`${endpoint} ${serverKey}`)
      return {
        endpoint,
        trouble,
        unfinished: trouble === undefined ? 0 : opened.length,
        send: (parts: Buffer[]) => void sent.push(readNumber(parts)),
        close: () => undefined,
      }
    },
  } as unknown as AgentLinks
  const peers = new PeerLinks({
    sockets,
    network: { keys: { publicKey: 'p0', secretKey: 's0' }, publicKeys: ['p0', 'p1', 'p2'] } as never,
    endpoints: ['tcp://a:1', 'tcp://b:2', 'tcp://c:3'],
    order: new FrameOrder(3),
    shaper: undefined,
    spoil: undefined,
    onBroken: () => undefined,
    onUnlinked: (peer) => unlinked.push(peer),
  })
  return { peers, opened, sent, unlinked }
}

t.beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
t.afterEach(() => mock.timers.reset())

/** Time passes, and the agent runs. */
function run(ms: number): void {
  for (let passed = 0; passed < ms; passed += 100) mock.timers.tick(100)
}

const message = (): Buffer[] => [encodeFrame(makeFrame(WIRE.PULL, { source: 0, dest: 1 }))]
const never = (error: unknown): void => {
  throw error
}

t.test('the first message to an agent opens the way there, and the next ones take it', async (t) => {
  const { peers, opened, sent } = waysOverPaper()
  t.same(opened, [])
  for (let n = 0; n < 3; n++) peers.to(2).send(message(), never)
  t.same(opened, ['tcp://c:3 p2'])
  peers.to(1).send(message(), never)
  t.same(opened, ['tcp://c:3 p2', 'tcp://b:2 p1'])
  t.same(sent, [0, 1, 2, 0], 'each way has numbers of its own')
})

t.test('a heartbeat opens the way too, and takes no number', async (t) => {
  const { peers, opened, sent } = waysOverPaper()
  peers.wireTo(1).send(message(), never)
  t.same(opened, ['tcp://b:2 p1'])
  peers.to(1).send(message(), never)
  t.same(sent, [0, 0])
})

t.test('an agent that there is no connection to is told 20 s after the way was opened, not before', async (t) => {
  const { peers, unlinked } = waysOverPaper('no answer')
  run(60_000)
  t.same(unlinked, [], 'nobody wanted to go there')
  peers.to(2).send(message(), never)
  run(19_500)
  t.same(unlinked, [])
  run(500)
  t.same(unlinked, [{ agent: 2, endpoint: 'tcp://c:3', why: 'no answer' }])
})

t.test('a connection that came about is not told', async (t) => {
  const { peers, unlinked } = waysOverPaper()
  peers.to(2).send(message(), never)
  run(60_000)
  t.same(unlinked, [])
})

t.test('connections that came to nothing are known by agent', async (t) => {
  const { peers } = waysOverPaper('no answer')
  t.same(peers.unfinished, [])
  for (const peer of [2, 1]) peers.to(peer)
  t.same(peers.unfinished, [
    { agent: 2, connections: 1 },
    { agent: 1, connections: 2 },
  ])
  const { peers: connected } = waysOverPaper()
  connected.to(2)
  t.same(connected.unfinished, [])
})

t.test('time in which the agent itself stood still does not count', async (t) => {
  const { peers, unlinked } = waysOverPaper('no answer')
  peers.to(2).send(message(), never)
  run(19_000)
  mock.timers.tick(600_000) // as a process finds its timers that was stopped for ten minutes
  t.same(unlinked, [])
  run(500)
  t.equal(unlinked.length, 1)
})
