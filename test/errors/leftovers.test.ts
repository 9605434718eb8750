/** What a program leaves behind when it ends is told; a clean program is told nothing. */
import t from 'tap'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

const LEFTOVERS = 'test/errors/programs/leftovers.ts'
const NOTHING_LEFT = ''

t.jobs = 4

for (const { what, says } of [
  {
    what: 'unreceived',
    says: /rank 1: nobody received 3 messages from rank 0 on world, tag 5, the first of 8 bytes \(float64\)/,
  },
  { what: 'ignored', says: /rank 1: nobody received 1 message from rank 0 on world, tag 5, 8 bytes \(float64\)/ },
  {
    what: 'late',
    says: /rank 1: nobody received 3 messages from rank 0 on world, tag 5, the first of 8 bytes \(float64\)/,
  },
  {
    what: 'roots',
    says: /rank 0: nobody received 1 message from rank 1 on world of its collective call 0, bcast with root 1\n.*rank 1: nobody received 1 message from rank 0 on world of its collective call 0, bcast with root 0/,
  },
  {
    what: 'matched',
    says: /rank 1: nobody received 1 message from rank 0 on world, tag 5, 8 bytes \(float64\), matched by mprobe or improbe/,
  },
  {
    what: 'receive',
    says: /rank 0: a receive is not complete: irecv\(source 1, tag 9\) on world[^]*Hint: requests of irecv are complete after await request\.wait\(\), .*\nHint: tsmpirun --check tells where/,
  },
  { what: 'send', says: /rank 0: a send is not complete: isend\(dest 1, tag 3, 800000 bytes\) on world/ },
  {
    what: 'unawaited',
    says: /rank 0: 3 sends are not complete: send\(dest 1, tag 3, 800000 bytes\) on world\nHint: main has not waited for send: is an await missing\?\n/,
  },
  { what: 'communicator', says: /rank 1: communicator 4 "twin" was not freed, made at .*leftovers\.ts:\d+/ },
  { what: 'topology', says: /(rank 1: communicator \d+ was not freed, made at .*leftovers\.ts:\d+:\d+[^]*){2}/ },
])
  t.test(`left behind: ${what}`, async (t) => {
    const ended = await tsmpirun(['-n', '2', LEFTOVERS, what])
    t.equal(ended.code, 0)
    t.match(messages(ended), /^tsmpirun: warning: the program has ended and left something behind\.\n/)
    t.match(ended.stderr, says)
    const strict = await tsmpirun(['-n', '2', '--strict', LEFTOVERS, what])
    t.equal(strict.code, 122)
    t.match(strict.stderr, says)
  })

t.test('with --check a send that nobody awaits is told with its line', async (t) => {
  const ended = await tsmpirun(['-n', '2', '--check', LEFTOVERS, 'unawaited'])
  t.match(
    ended.stderr,
    /rank 0: 3 sends are not complete: send\(dest 1, tag 3, 800000 bytes\) on world, .*leftovers\.ts:\d+/,
  )
})

for (const { which, told } of [
  {
    which: 'unawaited-objects',
    told: [
      /a receive is not complete: recvObject\(source 1, tag 1\) on world/,
      /a probe is not complete: probe\(source 1, tag 2\) on world/,
      /a probe is not complete: mprobe\(source 1, tag 3\) on world/,
      /a receive is not complete: irecvObject\(source 1, tag 4\) on world/,
      /a send is not complete: issendObject\(dest 1, tag 5, \d+ bytes\) on world/,
    ],
  },
  {
    which: 'unawaited-collective',
    told: [
      /a collective call is not complete: barrier \(call 1 on world\)/,
      /a collective call is not complete: iallreduce with op SUM \(call 2 on world\)/,
      /a collective call is not complete: split \(call 3 on world\)/,
      /a collective call is not complete: bcastInit with root 1 \(persistent call 0 on world\)/,
    ],
  },
])
  t.test(`with --check calls that nobody awaits are told with their lines: ${which}`, async (t) => {
    const unchecked = await tsmpirun(['-n', '2', LEFTOVERS, which])
    for (const one of told) t.match(unchecked.stderr, new RegExp(`rank 0: ${one.source}\n`))
    t.match(unchecked.stderr, /Hint: tsmpirun --check tells where/)
    const { stderr } = await tsmpirun(['-n', '2', '--check', LEFTOVERS, which])
    for (const one of told) t.match(stderr, new RegExp(`rank 0: ${one.source}, .*leftovers\\.ts:\\d+:\\d+\n`))
    t.notMatch(stderr, /--check/)
  })

t.test('requests that no wait or test completes are told with --check', async (t) => {
  const { stderr } = await tsmpirun(['-n', '2', '--check', LEFTOVERS, 'wait'])
  const told = /rank 0: no wait or test has completed a request: /.source
  t.match(stderr, new RegExp(`${told}irecv\\(source 1, tag 1\\) on world, .*leftovers\\.ts:\\d+`))
  t.match(stderr, new RegExp(`${told}irecvObject\\(source 1, tag 2\\) on world, .*leftovers\\.ts:\\d+`))
  t.match(stderr, new RegExp(`${told}isend\\(dest 1, tag 1, 8 bytes\\) on world, .*leftovers\\.ts:\\d+`))
  t.match(stderr, new RegExp(`${told}isendObject\\(dest 1, tag 2, \\d+ bytes\\) on world, .*leftovers\\.ts:\\d+`))
})

t.test('requests that no wait or test completes, more than are told one by one', async (t) => {
  const { stderr } = await tsmpirun(['-n', '2', '--check', LEFTOVERS, 'many waits'])
  t.match(stderr, /rank 0: 12 requests that no wait or test has completed: irecv\(source 1, tag 1\) on world/)
  t.match(stderr, /rank 0: … and 8 requests more/)
})

t.test('collective requests that no wait or test completes are told with --check', async (t) => {
  const { stderr } = await tsmpirun(['-n', '2', '--check', LEFTOVERS, 'wait-collective'])
  const told = /rank 1: no wait or test has completed a request: /.source
  t.match(stderr, new RegExp(`${told}iallreduce with op SUM \\(call 0 on world\\), .*leftovers\\.ts:\\d+`))
  t.match(stderr, new RegExp(`${told}barrierInit \\(persistent call 0 on world\\), .*leftovers\\.ts:\\d+`))
  t.match(stderr, new RegExp(`${told}bcastObjectInit .*\\(persistent call 1 on world\\), .*leftovers\\.ts:\\d+`))
})

t.test('a clean program is told nothing', async (t) => {
  for (const options of [[], ['--check'], ['--strict'], ['--ssend-all'], ['--emulate-hosts', '2', '--check']]) {
    const ended = await tsmpirun(['-n', '2', ...options, LEFTOVERS, 'clean'])
    t.equal(messages(ended), NOTHING_LEFT)
    t.equal(ended.code, 0)
  }
})
