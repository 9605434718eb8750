/** Wrong programs are told what is wrong, with both sides of it and their own line; right ones beside them are told nothing. */
import t from 'tap'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

const MISTAKES = 'test/errors/programs/mistakes.ts'

t.jobs = 4

/** What is said of each mistake. */
const SAID: Readonly<Record<string, RegExp>> = {
  truncated:
    /MPI_ERR_TRUNCATE: recv: the sender sent 4 float64 elements \(32 bytes\), the receive buffer has room for 3 float64 elements \(24 bytes\) \(message from world rank 0 to world rank 1, tag 2\)/,
  'truncated-large': /MPI_ERR_TRUNCATE: recv: the sender sent 100000 float64 .* has room for 99999 /,
  type: /MPI_ERR_TYPE: recv: the sender sent float32 elements, the receive buffer holds float64/,
  freed: /MPI_ERR_COMM: barrier: the communicator has been freed/,
  'freed-send': /MPI_ERR_COMM: sendrecv: the communicator has been freed/,
  collective:
    /world rank \d called (barrier|allreduce with op SUM), world rank \d called (allreduce with op SUM|barrier)/,
  making: /world rank \d called (dup|Cartcomm\.create), world rank \d called (Cartcomm\.create|dup)/,
  operation: /called allreduce with op (SUM|MAX), world rank \d called allreduce with op (MAX|SUM)/,
  count: /MPI_ERR_COUNT: bcast: the ranks disagree on the number of elements: 2 float64 .* came where 3 float64 /,
  root: /call number 0 of world rank \d was bcast with root \d, that of world rank \d was bcast with root \d; found in call/,
  reuse: /MPI_ERR_BUFFER: isend: the send buffer was changed between isend at .*mistakes\.ts:\d+:\d+ and the wait/,
  forgotten:
    /MPI_ERR_BUFFER: send: the send buffer was changed between send at .*mistakes\.ts:\d+:\d+ and the end of the send: is an await missing\?/,
  exchange:
    /MPI_ERR_BUFFER: sendrecv: the send buffer was changed between sendrecv at .*mistakes\.ts:\d+:\d+ and the end of the sendrecv: is an await missing\?/,
  early: /read NaN before the wait/,
  overlap: /MPI_ERR_BUFFER: irecv: the buffer overlaps that of a receive under way \(irecv at .*mistakes\.ts:\d+:\d+\)/,
  'overlap-columns':
    /MPI_ERR_BUFFER: irecv: the buffer overlaps that of a receive under way \(irecv at .*mistakes\.ts:\d+:\d+\)/,
  'overlap-arrived':
    /MPI_ERR_BUFFER: irecv: the buffer overlaps that of a receive under way \(irecv at .*mistakes\.ts:\d+:\d+\)/,
  'overlap-sent':
    /MPI_ERR_BUFFER: recv: the buffer overlaps that of a send under way \(isend at .*mistakes\.ts:\d+:\d+\)/,
  'collective-reuse':
    /MPI_ERR_BUFFER: iallreduce: the send buffer was changed between iallreduce at .*mistakes\.ts:\d+:\d+ and the wait or test/,
  'collective-forgotten':
    /MPI_ERR_BUFFER: bcast: the (send|receive) buffer was changed between bcast at .*mistakes\.ts:\d+:\d+ and the end of the bcast: is an await missing\?/,
  'collective-early': /read NaN before the wait/,
  'collective-overlap':
    /MPI_ERR_BUFFER: ibcast: the buffer overlaps that of a call under way \(iallgather at .*mistakes\.ts:\d+:\d+\)/,
  'halo-overlap': /MPI_ERR_BUFFER: neighborAlltoallInit: the send and the receive buffer overlap/,
  rank: /MPI_ERR_RANK: sendrecv: dest is 2, expected 0\.\.1 or PROC_NULL/,
  option: /MPI_ERR_ARG: send: there is no option "tga", expected \{ dest, tag \}/,
  start: /MPI_ERR_REQUEST: start: the request of recvInit is active, expected a wait or test first/,
}

/** All jobs watch their buffers and leave nothing behind. */
const job = (which: string, how: string): string[] => ['-n', '2', '--check', '--strict', MISTAKES, which, how]

for (const [which, said] of Object.entries(SAID)) {
  t.test(`a mistake is named: ${which}`, async (t) => {
    const ended = await tsmpirun(job(which, 'wrong'))
    t.equal(ended.code, 1)
    t.match(ended.stderr, /tsmpirun: rank \d on .* failed; the job was stopped\./)
    t.match(ended.stderr, said)
    t.match(ended.stderr, /\bat .*mistakes\.ts:\d+:\d+/, 'and where')
    t.notMatch(ended.stderr, /library\.js|node:internal|\.next \(/, 'without lines of the machinery')
  })

  t.test(`a right program is told nothing: ${which}`, async (t) => {
    const ended = await tsmpirun(job(which, 'right'))
    t.equal(messages(ended), '')
    t.equal(ended.code, 0)
  })
}
