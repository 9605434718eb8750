/** Standard input on its way to the agents: nothing is read before somebody asks, nor after the job's end. */
import t from 'tap'
import { InputForwarder } from '../../../runtime/launcher/input-forwarder.ts'

const agent = { gone: false, feed: () => true, onceDrained: () => undefined }
const listeners = (): number => process.stdin.listenerCount('data')

t.test('a rank that asks for input when the job has ended does not make the launcher wait for it', async (t) => {
  const forwarder = new InputForwarder([agent])
  forwarder.end()
  forwarder.wanted(agent, true)
  t.equal(listeners(), 0)
})

t.test('input is listened to when a rank asks', async (t) => {
  const forwarder = new InputForwarder([agent])
  t.equal(listeners(), 0)
  forwarder.wanted(agent, true)
  t.equal(listeners(), 1)
  forwarder.end()
})
