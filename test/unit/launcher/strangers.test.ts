/** What is told of strangers, and that connections of the job itself are none. */
import t from 'tap'
import { StrangerNotes } from '../../../runtime/launcher/strangers.ts'

const PLACES = [
  { host: 'a', endpoint: 'tcp://10.0.0.1:1' },
  { host: 'b', endpoint: undefined },
]

t.test('each host that turned somebody away has a line', async (t) => {
  const notes = new StrangerNotes()
  t.same(notes.notes(PLACES), [])
  notes.turnedAway(1, { connections: 1, silent: 0, wrongKey: 1, address: '10.0.0.9' })
  notes.turnedAway(0, { connections: 9, silent: 5, wrongKey: 1, address: undefined })
  t.same(notes.notes(PLACES), [
    'note: a turned away 9 connections that were not of this job at tcp://10.0.0.1:1: 5 without a word, 3 in another protocol, 1 with a wrong key',
    'note: b turned away a connection that was not of this job at its port: 1 with a wrong key, the last from 10.0.0.9',
  ])
})

t.test("agents' own connections that came to nothing are not told, whoever is heard first", async (t) => {
  const notes = new StrangerNotes()
  notes.unfinished([{ agent: 0, connections: 2 }])
  notes.turnedAway(0, { connections: 3, silent: 3, wrongKey: 0, address: undefined })
  notes.turnedAway(1, { connections: 2, silent: 1, wrongKey: 1, address: undefined })
  notes.unfinished([
    { agent: 0, connections: 1 },
    { agent: 1, connections: 5 },
  ])
  t.same(notes.notes(PLACES), [
    'note: b turned away a connection that was not of this job at its port: 1 with a wrong key',
  ])
})
