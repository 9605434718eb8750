/** A job and those who are not of it: it goes on, its result is right, and at the end one line a host tells who came. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { openPorts, type OpenPort } from '../helpers/open-ports.ts'
import { closed, mechanismOf, PHRASES, say, sayNothing, withoutKey, wrongServerKey } from '../helpers/strangers.ts'
import { descendants, messages, start, tsmpirun, type Ended, type Running } from '../helpers/tsmpirun.ts'

const PROGRAM = 'test/errors/programs/until-told.ts'
const folder = mkdtempSync(join(tmpdir(), 'tsmpi-strangers-'))
t.teardown(() => rmSync(folder, { recursive: true }))
/** Strangers of the crowd, and of the flood. */
const MANY = 3000

interface RunningJob extends Running {
  readonly agents: number[]
  readonly ports: OpenPort[]
  /** Lets the job end and waits for it. */
  finish(): Promise<Ended>
}

let jobs = 0

/** Starts a job that goes on until it is told to end, and finds its agents' ports. */
async function startJob(args: readonly string[], options: Parameters<typeof start>[1] = {}): Promise<RunningJob> {
  const file = join(folder, `end-${jobs++}`)
  const job = start([...args, PROGRAM, file], options)
  await job.printed('begun')
  const agents = descendants(job.child.pid as number).filter((pid) => nameOf(pid).includes('agent-main'))
  const finish = (): Promise<Ended> => {
    writeFileSync(file, '')
    return job.ended
  }
  return { ...job, agents, ports: agents.flatMap(openPorts), finish }
}

function nameOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
}

t.test('a job on one host opens no port', async (t) => {
  const job = await startJob(['-n', '2'])
  t.equal(job.agents.length, 1)
  t.strictSame(job.ports, [])
  const ended = await job.finish()
  t.equal(ended.stdout, 'begun\n0 wrong sums\n')
  t.equal(messages(ended), '')
})

t.test('agents of one machine listen on one port each, of loopback only', async (t) => {
  const job = await startJob(['-n', '3', '--emulate-hosts', '3'])
  t.strictSame(
    job.ports.map(({ address }) => address),
    ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
  )
  const ended = await job.finish()
  t.equal(messages(ended), '', 'and nobody is told of strangers when none came')
})

for (const library of ['libzmq', 'zeromq.js'])
  for (const [encryption, mechanism] of [
    [[], 'CURVE'],
    [['--encryption', 'on'], 'CURVE'],
    [['--encryption', 'off'], 'PLAIN'],
  ] as const)
    t.test(`agents ask for ${mechanism} if the options say "${encryption.join(' ')}", by ${library}`, async (t) => {
      const job = await startJob(['-n', '2', '--emulate-hosts', '2', '-x', `TSMPI_LIBZMQ=${library}`, ...encryption])
      const asked = await Promise.all(job.ports.map(({ port }) => mechanismOf(port)))
      t.strictSame(asked, [mechanism, mechanism])
      t.equal((await job.finish()).stdout, 'begun\n0 wrong sums\n')
    })

t.test('agents listen where the options say', async (t) => {
  const job = await startJob([
    '-n',
    '2',
    '--emulate-hosts',
    '2',
    '--interface',
    '127.0.0.0/8',
    '--ports',
    '47300-47399',
  ])
  t.strictSame(
    job.ports.map(({ address }) => address),
    ['127.0.0.1', '127.0.0.1'],
  )
  for (const { port } of job.ports) t.ok(port >= 47_300 && port <= 47_399, `port ${port}`)
  t.equal((await job.finish()).stdout, 'begun\n0 wrong sums\n')
})

t.test('an interface that a host has not got, and a wrong option, are told with what there is', async (t) => {
  const missing = await tsmpirun(['-n', '2', '--emulate-hosts', '2', '--interface', 'eth99', PROGRAM])
  t.equal(missing.code, 125)
  t.match(
    messages(missing),
    /host host\d cannot take part: no interface, address or network "eth99" here; there are .*lo \(127\.0\.0\.1\)/,
  )
  const wrong = await tsmpirun(['--interface', '10.0.0.0/99', '--ports', '5-4', '--encryption', 'no', PROGRAM])
  t.equal(wrong.code, 2)
  t.equal(
    wrong.stderr,
    [
      'tsmpirun: --interface is "10.0.0.0/99", expected the name of an interface, an address, or a network such as 10.0.0.0/8',
      'tsmpirun: --ports is "5-4", expected a port or FIRST-LAST, from 1 to 65535',
      'tsmpirun: --encryption is "no", expected on or off',
      'Try "tsmpirun --help".\n',
    ].join('\n'),
  )
})

t.test('whatever strangers say, the job goes on and its end tells how many came', async (t) => {
  const job = await startJob(['-n', '2', '--emulate-hosts', '2'])
  const [{ port }] = job.ports as [OpenPort]
  const talk = await Promise.all(Object.values(PHRASES).map((bytes) => say(port, bytes)))
  const clients = [withoutKey(port), wrongServerKey(port)]
  const crowd = await sayNothing(port, MANY)
  await Promise.all([...talk, ...crowd].map(closed))
  for (const client of clients) client.close()
  const ended = await job.finish()
  t.equal(ended.code, 0)
  t.equal(ended.stdout, 'begun\n0 wrong sums\n')
  const told = messages(ended)
  t.match(
    told,
    /^tsmpirun: note: host\d turned away \d+ connections that were not of this job at tcp:\/\/127\.0\.0\.1:\d+: \d+ without a word, \d+ in another protocol, \d+ with a wrong key\n$/,
    'one line for the one host that was visited',
  )
  const [connections, silent, other] = (told.match(/\d+ (?=connections|without|in)/g) ?? []).map(Number)
  t.ok((connections as number) >= MANY + talk.length + 2, `${connections} connections`)
  t.ok((silent as number) >= MANY, `${silent} silent`)
  t.ok((other as number) >= 5, `${other} in other protocols`)
})

for (const library of ['libzmq', 'zeromq.js'])
  t.test(`without encryption strangers are turned away as well, through ${library}`, async (t) => {
    const job = await startJob([
      ...['-n', '3', '--emulate-hosts', '3', '--encryption', 'off', '-x', `TSMPI_LIBZMQ=${library}`],
    ])
    const talk = await Promise.all(
      job.ports.flatMap(({ port }) => Object.values(PHRASES).map((bytes) => say(port, bytes))),
    )
    await Promise.all(talk.map(closed))
    const ended = await job.finish()
    t.equal(ended.code, 0)
    t.equal(ended.stdout, 'begun\n0 wrong sums\n')
    t.equal(messages(ended).match(/host\d turned away \d+ connections/g)?.length, 3)
  })

t.test('a flood of connections and bytes does not hold the job up', async (t) => {
  const job = await startJob(['-n', '2', '--emulate-hosts', '2'])
  const noise = Buffer.alloc(1 << 20, 0x5a)
  for (let wave = 0; wave < 10; wave++) {
    const sockets = await Promise.all(
      job.ports.flatMap(({ port }) => Array.from({ length: 50 }, () => say(port, noise))),
    )
    for (const socket of sockets) socket.destroy()
  }
  const ended = await job.finish()
  t.equal(ended.code, 0)
  t.equal(ended.stdout, 'begun\n0 wrong sums\n')
  t.match(messages(ended), /host0 turned away \d+ connections[^]*\n.*host1 turned away \d+ connections/)
})

t.test('the keys of a job are in no argument, no environment and no file', async (t) => {
  const channels = join(folder, 'channels')
  const temporary = mkdtempSync(join(folder, 'tmp-'))
  const hear = `tee ${channels}-{host} | env TMPDIR=${temporary}`
  const job = await startJob(['-H', 'near1,near2', '--agent-command', `sh -c '${hear} "$@"' sh`], {
    env: { TMPDIR: temporary },
  })
  const said = ['near1', 'near2'].map((host) => readFileSync(`${channels}-${host}`, 'latin1')).join('')
  const keys = [...said.matchAll(/"(?:publicKey|secretKey)":"([^"]{40})"/g)].map(([, key]) => key as string)
  t.equal(new Set(keys).size, 4, 'two agents have two keys each, all different')
  const processes = [job.child.pid as number, ...descendants(job.child.pid as number)]
  t.ok(processes.length >= 5, `${processes.length} processes are looked at`)
  for (const pid of processes)
    for (const file of ['cmdline', 'environ']) {
      const text = readFileSync(`/proc/${pid}/${file}`, 'latin1')
      t.notOk(
        keys.some((key) => text.includes(key)),
        `${file} of ${nameOf(pid).slice(0, 60)}`,
      )
    }
  t.strictSame(readdirSync(temporary), [], 'no temporary file while the job runs')
  const ended = await job.finish()
  t.notOk(keys.some((key) => (ended.stdout + ended.stderr).includes(key)))
  t.strictSame(readdirSync(temporary), [], 'and none after it')
})

t.test('each job has keys of its own', async (t) => {
  const seen = new Set<string>()
  for (let run = 0; run < 2; run++) {
    const file = join(folder, `said-${run}`)
    const job = await startJob(['-H', 'a,b', '--agent-command', `sh -c 'tee -a ${file} | "$@"' {host}`])
    await job.finish()
    for (const [, key] of readFileSync(file, 'latin1').matchAll(/"secretKey":"([^"]{40})"/g)) seen.add(key as string)
  }
  t.equal(seen.size, 4)
})
