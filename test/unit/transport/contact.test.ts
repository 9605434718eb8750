/** What an agent knows of its connection to another from the events of its socket. */
import t from 'tap'
import { Contact, type ConnectionEvent } from '../../../runtime/transport/admission.ts'

t.test('connections that came to nothing are counted, and none that held', async (t) => {
  const cases: [what: string, events: ConnectionEvent[], unfinished: number][] = [
    ['the first attempt may be under way before anything is known of it', [], 1],
    ['one under way', ['connect'], 1],
    ['one that holds', ['connect', 'handshake'], 0],
    ['one that held until the other agent ended', ['connect', 'handshake', 'disconnect'], 0],
    ['nobody answered in time, and then somebody did', ['connect', 'disconnect', 'connect', 'handshake'], 1],
    ['nobody has answered twice', ['connect', 'disconnect', 'connect', 'disconnect'], 2],
    ['one that broke, and the next is under way', ['connect', 'handshake', 'disconnect', 'connect'], 1],
  ]
  for (const [what, events, unfinished] of cases) {
    const contact = new Contact(() => undefined)
    for (const event of events) contact.note(event)
    t.equal(contact.unfinished, unfinished, what)
  }
})
