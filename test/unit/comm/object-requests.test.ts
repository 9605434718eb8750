/** Receives of objects by requests: values, and when there is none. What travels is checked over every transport. */
import t from 'tap'
import { ERRORS_RETURN, PROC_NULL, waitAny } from '../../../index.ts'
import { runRanks } from '../../../testing.ts'

t.test('a request of irecvObject has its value when it is complete, and not before', async (t) => {
  await runRanks(1, async ({ world }) => {
    const request = world.irecvObject<{ n: bigint }>({ tag: 2 })
    t.throws(() => request.value, { code: 'MPI_ERR_REQUEST', message: /irecvObject: there is no value/ })
    t.equal(request.test(), undefined)
    await world.sendObject({ n: 2n ** 70n }, { dest: 0, tag: 2 })
    t.match(await waitAny([request]), { index: 0, status: { source: 0, tag: 2 } })
    t.same(request.value, { n: 2n ** 70n })
    t.equal(request.value, request.value, 'the same object at every look')
  })
})

t.test('a synchronous send of an object is complete when its receive has been matched, and not before', async (t) => {
  await runRanks(1, async ({ world }) => {
    const request = world.issendObject({ n: 1 }, { dest: 0, tag: 1 })
    await world.sendrecvObject(0, { dest: 0, source: 0, sendTag: 2, recvTag: 2 })
    t.equal(request.test(), undefined, 'nobody has asked for it')
    t.match(await world.recvObject({ tag: 1 }), { value: { n: 1 }, tag: 1 })
    await request.wait()
    const received = world.recvObject()
    await world.ssendObject('all', { dest: 0 })
    t.match(await received, { value: 'all' })
    await world.ssendObject('nobody', { dest: PROC_NULL })
  })
})

t.test('nobody sends undefined, and a receive that is taken back has no value', async (t) => {
  await runRanks(1, async ({ world }) => {
    t.equal(world.irecvObject({ source: PROC_NULL }).value, undefined)
    t.match(await world.sendrecvObject(1, { dest: PROC_NULL, source: PROC_NULL }), {
      source: PROC_NULL,
      value: undefined,
    })
    await world.isendObject(1, { dest: PROC_NULL }).wait()
    const request = world.irecvObject()
    request.cancel()
    t.match(await request.wait(), { cancelled: true })
    t.equal(request.value, undefined)
  })
})

t.test('what cannot be sent, whom it cannot go to, and elements where an object was expected are told', async (t) => {
  await runRanks(1, async ({ world }) => {
    const comm = await world.dup()
    t.throws(() => comm.isendObject(() => 0, { dest: 0 }), {
      message: /MPI_ERR_TYPE: isendObject: a function cannot be sent/,
    })
    t.throws(() => comm.isendObject(0, { dest: 1 }), { message: /MPI_ERR_RANK: isendObject: dest is 1, expected 0..0/ })
    t.throws(() => comm.issendObject(0, { dest: 0, tag: -1 }), { message: /MPI_ERR_TAG: issendObject: tag is -1/ })
    await t.rejects(
      comm.ssendObject(() => 0, { dest: 0 }),
      { message: /MPI_ERR_TYPE: ssendObject: a function cannot be sent/ },
    )
    t.throws(() => comm.irecvObject({ source: 1 }), { message: /MPI_ERR_RANK: irecvObject: source is 1/ })
    await t.rejects(comm.sendrecvObject(0, { dest: 1, source: 0 }), { code: 'MPI_ERR_RANK' })
    await t.rejects(
      comm.sendrecvObject(() => 0, { dest: 0 }),
      { code: 'MPI_ERR_TYPE' },
    )
    for (const returned of [false, true]) {
      if (returned) comm.errorHandler = ERRORS_RETURN
      const request = comm.irecvObject()
      await comm.send(new Float64Array(1), { dest: 0 })
      if (returned) t.match(await request.wait(), { error: { code: 'MPI_ERR_TYPE' } })
      else await t.rejects(request.wait(), { code: 'MPI_ERR_TYPE' })
      t.throws(() => request.value, { code: 'MPI_ERR_REQUEST' })
    }
    t.equal(comm.iprobe(), undefined, 'refused calls have left nothing behind')
  })
})
