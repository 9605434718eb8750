/**
 * Objects beyond 2 GiB, and messages beyond 4 GiB in one thread, over shared memory and, with TSMPI_TEST_ALL=1, between hosts; skipped, with the reason,
 * where memory is short.
 */
import t from 'tap'
import { runRanks } from '../../testing.ts'
import { ALL } from '../helpers/effort.ts'
import { LENGTH, MARKS, tooLittleMemory, wrongMarks } from '../helpers/large-messages.ts'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

t.test('a message beyond 4 GiB in one thread', { skip: tooLittleMemory(5) }, async (t) => {
  const sent = new Float64Array(new SharedArrayBuffer(8 * LENGTH))
  for (const mark of MARKS) sent[mark] = mark + 1
  const received = new Float64Array(LENGTH + 1)
  await runRanks(2, async ({ world }) => {
    if (world.rank === 0) await world.send(sent, { dest: 1 })
    else t.match(await world.recv(received), { count: LENGTH, nbytes: 8 * LENGTH })
  })
  t.equal(wrongMarks(received), undefined)
})

t.test('a message beyond 4 GiB between threads', { skip: tooLittleMemory(5) }, async (t) => {
  const ended = await tsmpirun(['-n', '2', 'test/spmd/programs/large-message.ts'])
  t.equal(messages(ended), '')
  t.equal(ended.stdout, 'ok\n')
  t.equal(ended.code, 0)
})

const betweenHosts = ALL ? tooLittleMemory(10) : 'without TSMPI_TEST_ALL=1 it takes too long'
t.test('a message beyond 4 GiB between hosts', { skip: betweenHosts, timeout: 10 * 60_000 }, async (t) => {
  const ended = await tsmpirun(['-n', '2', '--emulate-hosts', '2', 'test/spmd/programs/large-message.ts'])
  t.equal(messages(ended), '')
  t.equal(ended.stdout, 'ok\n')
  t.equal(ended.code, 0)
})

const object = ALL ? tooLittleMemory(14) : 'without TSMPI_TEST_ALL=1 it takes too long'
t.test('an object with an array of 2.5 GiB', { skip: object, timeout: 10 * 60_000 }, async (t) => {
  const ended = await tsmpirun(['-n', '2', 'test/spmd/programs/large-object.ts'])
  t.equal(messages(ended), '')
  t.equal(ended.stdout, 'ok\n')
})

t.test('an object that is too large for a message is refused with the limit', { skip: object }, async (t) => {
  const half = new Uint8Array(2.25 * 2 ** 30)
  await runRanks(1, async ({ world }) => {
    await t.rejects(world.sendObject({ half, other: half.subarray(1) }, { dest: 0 }), {
      code: 'MPI_ERR_COUNT',
      message: /takes more than \d+ bytes in serialized form/,
    })
  })
})
