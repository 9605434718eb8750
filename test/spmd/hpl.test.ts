/**
 * HPL's arithmetic does not depend on how the ranks are connected: netlib's recorded numbers over every transport, on 8
 * ranks with grids of 1 to 8 of them. A part of the recorded runs by default, all of them with TSMPI_TEST_ALL=1.
 */
import t from 'tap'
import { ALL } from '../helpers/effort.ts'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

if (ALL) t.setTimeout(30 * 60_000)

/** How to connect the ranks, and the sweep that is done in part. */
const TRANSPORTS = {
  'shared memory': { options: [], sweep: 'sw0_L11_U1_EQ0' },
  'ZeroMQ between hosts': { options: ['--emulate-hosts', '2'], sweep: 'sw1_L10_U0_EQ1' },
  'ZeroMQ alone': { options: ['--transport', 'zmq'], sweep: 'sw2_L10_U1_EQ1' },
}
const COMPARISONS = {
  solutions: 'local arrays, residuals, pivots, factors, x, y and norms are equal bit for bit',
  sweeps: 'the residuals of all grids, broadcasts and depths are equal digit for digit',
  rounded: 'on the fast kernels pivots are the same and x is within rounding',
}

/** Through sockets the sweeps take minutes, with ZeroMQ alone everything does: a part of them must do there. */
function isWhole(transport: string, what: string): boolean {
  return ALL && (transport === 'shared memory' || (transport === 'ZeroMQ between hosts' && what !== 'sweeps'))
}

for (const [transport, { options, sweep }] of Object.entries(TRANSPORTS))
  for (const [what, sentence] of Object.entries(COMPARISONS))
    t.test(`over ${transport} ${sentence}`, async (t) => {
      const program = ['test/spmd/programs/hpl-reference.ts', what, isWhole(transport, what) ? 'all' : sweep]
      const ended = await tsmpirun(['-n', '8', ...options, ...program])
      t.equal(ended.stdout, 'equal\n')
      t.equal(messages(ended), '')
      t.equal(ended.code, 0)
    })
