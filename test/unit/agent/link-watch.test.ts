import t from 'tap'
import { areOnOneMachine } from '../../../runtime/agent/link-watch.ts'

t.test('a network may fail between two addresses, but not within a machine', (t) => {
  const own = 'tcp://10.0.0.1:47000'
  t.ok(areOnOneMachine('tcp://10.0.0.1:47001', own))
  t.notOk(areOnOneMachine('tcp://10.0.0.11:47000', own))
  t.notOk(areOnOneMachine('tcp://10.0.0.2:47000', own))
  t.ok(areOnOneMachine('tcp://127.0.0.2:47000', 'tcp://127.0.0.1:47000'))
  t.ok(areOnOneMachine('tcp://[fd00::1]:47001', 'tcp://[fd00::1]:47000'))
  t.notOk(areOnOneMachine('tcp://[fd00::2]:47000', 'tcp://[fd00::1]:47000'))
  t.ok(areOnOneMachine('tcp://[::1]:47001', 'tcp://[::1]:47000'))
  t.end()
})
