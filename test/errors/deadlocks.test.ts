/** Jobs that cannot go on are ended and explained; jobs that only wait for long are left alone. */
import t from 'tap'
import { ALL } from '../helpers/effort.ts'
import { messages, start, tsmpirun } from '../helpers/tsmpirun.ts'

const DEADLOCKS = 'test/errors/programs/deadlocks.ts'
const PATIENT = 'test/errors/programs/patient.ts'

// Jobs that wait need no core.
t.jobs = 4

/** What the report of each wrong program must say. */
const wrong: readonly {
  what: string
  n: number
  options?: readonly string[]
  says: readonly RegExp[]
  /** The program ends well between hosts. */
  nearOnly?: boolean
}[] = [
  {
    what: 'ring',
    n: 3,
    says: [
      /rank 0 waits in recv\(source 1, tag 7\) on world, test\/errors\/programs\/deadlocks\.ts:\d+:\d+\n/,
      /→ rank 1 waits in recv\(source 2, tag 7\).*\n {2}→ rank 2 waits in recv\(source 0, tag 7\).*\n {2}→ rank 0, where the cycle closes/,
    ],
  },
  {
    what: 'tag',
    n: 2,
    says: [
      /deadlocks\.ts:24:\d+\n/,
      /not received: 1 message from rank 1 on world, tag 8, 8 bytes \(float64\)/,
      /Hint: a message from rank 1 with tag 8 on world lies unmatched at rank 0, which waits for tag 7: the tags differ/,
    ],
  },
  {
    what: 'matched',
    n: 2,
    says: [
      /not received: 1 message from rank 1 on world, tag 4, 8 bytes \(float64\), matched by mprobe or improbe/,
      /Hint: rank 0 has matched a message from rank 1 with tag 4 on world with mprobe or improbe: only recv or irecv of that Message receives it, recv does not/,
    ],
  },
  {
    what: 'ssend',
    n: 2,
    says: [/rank 0 waits in ssend\(dest 1, tag 1, 8 bytes\)/, /all of them send and nobody receives/],
  },
  {
    what: 'large',
    n: 2,
    says: [/waits in send\(dest 1, tag 0, 8000000 bytes\)/, /all of them send and nobody receives/],
    // The receiver's agent takes the message in before it is asked for.
    nearOnly: true,
  },
  { what: 'buffered', n: 2, options: ['--ssend-all'], says: [/waits in send\(dest 1, tag 0, 8 bytes\)/] },
  {
    what: 'wildcard',
    n: 3,
    says: [/recv\(source ANY_SOURCE, tag ANY_TAG\)/, /rank 0 waits for a message from any rank/],
  },
  {
    what: 'skipped',
    n: 2,
    says: [/rank 0 is in barrier, collective call 1 on world, rank 1 in none on world/],
  },
  {
    what: 'ended',
    n: 3,
    says: [/These wait for a rank that has ended/, /→ rank 0, which has ended/, /but rank 0 has ended/],
  },
  {
    what: 'exited',
    n: 3,
    says: [
      /→ rank 0, which has ended/,
      /\n {2}rank 0: ended before main had returned\n/,
      /Hint: rank 0 has ended before main had returned: does it call process\.exit\?\n/,
    ],
  },
  {
    what: 'root',
    n: 2,
    says: [/rank 0 is in bcast with root 1, collective call 0 on world; there rank 1 is in bcast with root 0/],
  },
  {
    what: 'mixed',
    n: 3,
    says: [/rank 0 has called bcast with root 0, collective call 0 on world, and ranks 1-2 wait in recv instead/],
  },
  {
    what: 'forgotten',
    n: 2,
    says: [
      /rank 0: main has returned\n +in send\(dest 1, tag 0, 8000000 bytes\) on world/,
      /Hint: main of rank 0 has returned and not waited for send: is an await missing\?\n/,
    ],
    nearOnly: true,
  },
  { what: 'self', n: 1, says: [/rank 0 waits in a receive from itself/] },
  {
    what: 'communicator',
    n: 2,
    says: [/sender and receiver use different communicators/, /made at .*deadlocks\.ts:\d+/],
  },
  { what: 'requests', n: 2, says: [/irecv\(source 1, tag 1\)[^]*irecv\(source 1, tag 2\)/, /deadlocks\.ts:90:/] },
  { what: 'any', n: 2, says: [/irecv\(source 1, tag 1\)[^]*irecv\(source 1, tag 2\)/, /deadlocks\.ts:95:/] },
  { what: 'several', n: 2, says: [/irecv\(source 1, tag 1\) on world, .*deadlocks\.ts/, /where the cycle closes/] },
  {
    what: 'intercommunicator',
    n: 3,
    says: [/rank 0 waits in recv\(source 1, tag 0\) on communicator/, /→ rank 2, which has ended/],
  },
  {
    what: 'signals',
    n: 2,
    says: [/where the cycle closes/, /Hint: ranks 0-1 listen to SIGUSR2; .* name the signal: --forward-signals USR2\./],
  },
  {
    what: 'mprobe',
    n: 2,
    says: [/rank 0 waits in mprobe\(source 1, tag 5\)/, /which waits for tag 5: the tags differ/],
  },
  { what: 'persistent', n: 2, says: [/rank 0 waits in recvInit\(source 1, tag ANY_TAG\)/, /where the cycle closes/] },
  {
    what: 'nonblocking',
    n: 2,
    says: [/waits in ibarrier \(call \d on world\), test.*deadlocks\.ts:\d+/, /where the cycle closes/],
  },
  {
    what: 'persistent-collective',
    n: 2,
    says: [
      /rank 0 waits in allreduceInit with op SUM \(persistent call 0 on world\)/,
      /rank 1: in barrier \(call 0 on world\).*\n.*of its persistent call 0, allreduce with op SUM/,
      /Hint: rank 0 is in allreduceInit with op SUM, persistent call 0 on world, rank 1 in call 0, barrier: one of the two/,
    ],
  },
  {
    what: 'sides',
    n: 3,
    says: [
      /rank 0 waits in barrier \(call \d on communicator/,
      /where the cycle closes/,
      /All ranks:[^]*\n {2}communicator \d+: world rank 0 and, on the other side, world ranks 1-2, made at .*\nHint/,
    ],
  },
  { what: 'neighbours', n: 3, says: [/waits in neighborAllgather/, /where the cycle closes/] },
  {
    what: 'gone',
    n: 5,
    says: [/→ rank 4, which has ended/, /rank 3 is in neighborAllgather, .*, but rank 4 has ended\.\n/],
  },
  { what: 'probe', n: 2, says: [/probe\(source 1, tag 5\)/] },
  {
    what: 'createGroup',
    n: 3,
    says: [
      /rank 0 waits in recv\(source 1, tag 7\) on world/,
      /→ rank 1 waits in createGroup\(source 0, tag 0\) on world, .*deadlocks\.ts/,
    ],
  },
  {
    what: 'leaders',
    n: 2,
    says: [
      /rank 0 waits in Intercomm\.create\(source 1, tag 3\) on world, .*deadlocks\.ts/,
      /→ rank 1 waits in recv\(source 0, tag 3\) on world/,
    ],
  },
  { what: 'graph', n: 3, says: [/rank 1 waits in Distgraph\.createAdjacent \(call 0 on world\), .*deadlocks\.ts/] },
  {
    what: 'roots',
    n: 2,
    says: [
      /rank 0 waits in bcast with root 0 \(call 0 on world\), .*deadlocks\.ts/,
      /Hint: rank 0 is in bcast with root 0, collective call 0 on world; there rank 1 is in bcast with root 1\./,
    ],
    nearOnly: true,
  },
  {
    what: 'rootless',
    n: 4,
    says: [
      /Hint: ranks 0 and 1 are in bcast with root 0, collective call 0 on communicator \d+, and each waits for a root on the side of the other: on one side, the root gives ROOT and the others PROC_NULL\./,
    ],
  },
  {
    what: 'another root',
    n: 4,
    says: [/: collective call 50 on world was bcast with root 0 on rank \d and bcast with root 1 on rank 3\./],
  },
  {
    what: 'grid',
    n: 4,
    says: [/where the cycle closes/, /barrier \(call 0 on communicator \d+ "column 1"\)/, /world ranks 1 3/],
  },
]

const FAR = ['ring', 'ended', 'nonblocking', 'gone']

for (const { what, n, options = [], says, nearOnly = false } of wrong)
  for (const hosts of n > 1 && !nearOnly && (ALL || FAR.includes(what)) ? [1, 2] : [1])
    t.test(`a deadlock is explained: ${what} on ${hosts} host${hosts > 1 ? 's' : ''}`, async (t) => {
      const topology = hosts > 1 ? ['--emulate-hosts', String(hosts)] : []
      const ended = await tsmpirun(['-n', String(n), ...topology, ...options, DEADLOCKS, what])
      t.equal(ended.code, 123)
      t.match(messages(ended), /^tsmpirun: deadlock: no rank can go on; the job was stopped\./)
      for (const text of says) t.match(ended.stderr, text)
    })

for (const [what, topology] of [
  ['ssend', ['--transport', 'zmq']],
  ['ended', ['--emulate-hosts', '3']],
] as const)
  t.test(`a deadlock over sockets alone, or of many hosts, is found: ${what} ${topology.join(' ')}`, async (t) => {
    const ended = await tsmpirun(['-n', '4', ...topology, DEADLOCKS, what])
    t.equal(ended.code, 123)
    t.match(ended.stderr, what === 'ended' ? /rank 0, which has ended/ : /where the cycle closes/)
  })

t.test('a deadlock is left alone with --no-deadlock-detection; --timeout tells what the ranks do', async (t) => {
  const ended = await tsmpirun(['-n', '2', '--no-deadlock-detection', '--timeout', '10', DEADLOCKS, 'ring'])
  t.equal(ended.code, 124)
  t.match(ended.stderr, /rank 1: in recv\(source 0, tag 7\) on world, .*deadlocks\.ts/)
})

t.test('--timeout tells of a message that lies there and differs in its tag', async (t) => {
  const ended = await tsmpirun(['-n', '2', '--no-deadlock-detection', '--timeout', '5', DEADLOCKS, 'tag'])
  t.equal(ended.code, 124)
  t.match(
    ended.stderr,
    /\nHint: a message from rank 1 with tag 8 on world lies unmatched .* tag 7: the tags differ\.\n/,
  )
})

/** Right programs, in a few jobs: most of their time they wait. */
const right: readonly (readonly string[])[] = [
  ['timer', 'both', 'interval', 'stdin', 'socket', 'datagram', 'fetch', 'child', 'output', 'worker', 'file'],
  [
    'lines',
    'pool',
    'compressed',
    'compute',
    'roused',
    'native',
    'signal',
    'cancel',
    'impatient',
    'probes',
    'tests',
    'ibarrier',
    'slow',
    'busy',
  ],
  ['crossed', 'farm', 'concurrent', 'matched', 'persistent', 'overlapping', 'neighbours', 'intercommunicator', 'early'],
]

for (const options of [
  [],
  ['--transport', 'zmq', '--check'],
  ['--emulate-hosts', '2', '--check', '--ssend-all', '--strict'],
])
  for (const programs of right)
    t.test(`jobs that only wait are left alone: ${[...options, ...programs].join(' ')}`, async (t) => {
      const ended = await tsmpirun(['-n', '3', ...options, PATIENT, ...programs], { input: 'a line\nend\n' })
      t.equal(messages(ended), '')
      t.equal(ended.stdout, programs.map((which) => `${which} is done\n`).join(''))
      t.equal(ended.code, 0)
    })

t.test('with --forward-signals a rank that listens is left to wait; what may wake it is told', async (t) => {
  const ended = await tsmpirun(['-n', '2', '--forward-signals', 'USR2', '--timeout', '10', DEADLOCKS, 'signals'])
  t.equal(ended.code, 124)
  t.match(ended.stderr, /rank 0: in recv\(source 1, tag 7\)[^]*can be woken by SIGUSR2/)
})

for (const [how, where] of [
  [
    'spin',
    /rank 0: computes in spin \(test\/errors\/programs\/watched\.ts:5\) ← test\/errors\/programs\/watched\.ts:14\b/,
  ],
  ['main', /rank 0: computes in test\/errors\/programs\/watched\.ts:16\b/],
  ['poll', /rank 0: computes in test\/errors\/programs\/watched\.ts:13\b(?! ←)/],
] as const)
  t.test(`SIGUSR1 tells what a running job does, and where a rank computes: ${how}`, async (t) => {
    const job = start(['-n', '2', 'test/errors/programs/watched.ts', how])
    await job.printed('computing')
    // On a crowded machine the inspector may come too late: ask until it has seen the rank.
    const asking = setInterval(() => job.child.kill('SIGUSR1'), 500)
    await job.printed('rank 0: computes in')
    clearInterval(asking)
    job.child.kill('SIGTERM')
    const { code, stderr: told } = await job.ended
    t.match(told, /what the ranks do:/)
    t.match(told, where)
    t.match(told, /rank 1: in recv\(source 0, tag 1\) on world/)
    t.equal(code, 143, 'the job went on')
  })

t.test('a job that is stopped while its ranks are asked what they do ends as any other', async (t) => {
  const job = start(['-n', '2', 'test/errors/programs/watched.ts', 'main'])
  await job.printed('computing')
  job.child.kill('SIGUSR1')
  job.child.kill('SIGTERM')
  const { code, signal } = await job.ended
  t.strictSame([code, signal], [143, null])
})
