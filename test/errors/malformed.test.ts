/** An agent of the job that sends what no agent sends: the other one ends the job and says what was wrong. */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { AgentEvent, AgentJob, Command } from '../../runtime/agent/job-description.ts'
import { encodePacket, PACKET, PacketParser } from '../../runtime/agent/start-channel.ts'
import { encodeFrame, HEADER_BYTES, makeFrame, WIRE, writeNumber } from '../../runtime/agent/wire-format.ts'
import { FRAME } from '../../runtime/transport/transport.ts'
import type { LinkKeys } from '../../runtime/transport/admission.ts'
import type { Outbox } from '../../runtime/transport/agent-link.ts'
import { ZmqOutbox } from '../../runtime/transport/zmq-link.ts'
import { linkKeys } from '../helpers/agent-links.ts'
import { isAlive } from '../helpers/tsmpirun.ts'

const { spawn } = process.getBuiltinModule('node:child_process')
const AGENT = fileURLToPath(new URL('../../dist/runtime/agent/agent-main.cjs', import.meta.url))
const BEAT_MS = 300
const fail = (error: unknown): void => {
  throw error
}

/** A copy of the message; if it is one of ours, with its number. */
function numbered([header, ...rest]: readonly Uint8Array[], number: number): Uint8Array[] {
  const copy = Buffer.from(header as Uint8Array)
  if (copy.length === HEADER_BYTES) writeNumber([copy], number)
  return [copy, ...rest]
}

/** Starts an agent with rank 0 on it, as a launcher does, joins as the agent of rank 1, and sends messages. */
async function answerTo(messages: readonly (readonly Uint8Array[])[]): Promise<string> {
  const [own, other] = [linkKeys(), linkKeys()]
  const agent = spawn(process.execPath, [AGENT], { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
  const tell = (command: Command): void =>
    void agent.stdin.write(encodePacket(PACKET.COMMAND, 0, -1, Buffer.from(JSON.stringify(command))))
  agent.stdin.on('error', () => undefined)
  const beat = setInterval(() => void agent.stdin.write(encodePacket(PACKET.BEAT, 0, -1, new Uint8Array(0))), BEAT_MS)
  let outbox: Outbox | undefined
  const gone = new Promise<void>((resolve) => agent.once('close', () => resolve()))
  let text = ''
  const answer = new Promise<string>((resolve) => {
    const hear = (event: AgentEvent): void => {
      if (event.event === 'listening') {
        tell({ command: 'connect', endpoints: [event.endpoint, 'tcp://127.0.0.1:9'] })
        outbox = new ZmqOutbox(event.endpoint, other, own.publicKey)
        for (const [number, parts] of messages.entries()) outbox.send(numbered(parts, number), fail)
      } else if (event.event === 'unusable') resolve(event.reason)
    }
    const parser = new PacketParser(
      ({ type, flags, payload }) => {
        if (type !== PACKET.EVENT) return
        text += payload.toString()
        if (flags === 1) return
        hear(JSON.parse(text) as AgentEvent)
        text = ''
      },
      () => undefined,
    )
    agent.stdout.on('data', (bytes: Buffer) => parser.push(bytes))
  })
  tell({ command: 'start', job: jobOf(own, [own.publicKey, other.publicKey]) })
  const reason = await answer
  await gone
  clearInterval(beat)
  outbox?.close()
  t.notOk(isAlive(agent.pid as number), 'the agent is gone')
  return reason
}

function jobOf(keys: LinkKeys, publicKeys: readonly string[]): AgentJob {
  return {
    id: 'malformed',
    agent: 0,
    host: 'here',
    placement: [[0], [1]],
    program: { kind: 'file', url: 'data:text/javascript,setInterval(()=>{},1000)' },
    argv: [],
    env: {},
    wdir: undefined,
    launcherDirectory: undefined,
    selection: { algorithms: {} } as unknown as AgentJob['selection'],
    busyThreads: 2,
    pace: undefined,
    memoryShare: 0.1,
    network: { keys, publicKeys, address: '127.0.0.1', interface: undefined, ports: undefined, emulated: undefined },
    checks: { deadlocks: false, ssendAll: false, buffers: false, signals: [], signalsWake: false },
    recording: undefined,
    watched: false,
    bindings: undefined,
    input: 0,
  }
}

const EMPTY = new Uint8Array(0)
const fields = { source: 1, dest: 0, id: 5 }
const announced = [encodeFrame(makeFrame(FRAME.RTS, { ...fields, nbytes: 8 })), EMPTY]
const cases: readonly { readonly name: string; readonly messages: Uint8Array[][]; readonly reason: RegExp }[] = [
  {
    name: 'noise',
    messages: [[Buffer.from('noise')]],
    reason: /is malformed: its length of the header is 5, expected 48 bytes/,
  },
  {
    name: 'a frame of an unknown kind',
    messages: [[encodeFrame(makeFrame(77, fields)), EMPTY]],
    reason: /is malformed: its kind is 77, expected 1, 2, 5, 6, 16, 17/,
  },
  {
    name: 'a frame for a rank of another host',
    messages: [[encodeFrame(makeFrame(FRAME.EAGER, { ...fields, source: 0, dest: 1 })), EMPTY]],
    reason: /is from rank 0 to rank 1, expected one to 0 from elsewhere/,
  },
  {
    name: 'bytes of a message that was not announced',
    messages: [[encodeFrame(makeFrame(WIRE.CHUNK, fields)), Buffer.alloc(8)]],
    reason: /sent the bytes of a message that was not announced: number 5, rank 1 to rank 0/,
  },
  {
    name: 'more bytes of a message than it has',
    messages: [announced, [encodeFrame(makeFrame(WIRE.CHUNK, fields)), Buffer.alloc(9)]],
    reason: /sent 9 bytes of a message of 8 \(rank 1 to rank 0\)/,
  },
  {
    name: 'a message announced twice',
    messages: [announced, announced],
    reason: /sent the announcement of a message that has been announced before: number 5/,
  },
  {
    name: 'a request for a message that nobody offered',
    messages: [[encodeFrame(makeFrame(WIRE.PULL, fields)), EMPTY]],
    reason: /sent the request for a message that was not offered: number 5/,
  },
]

for (const { name, messages, reason } of cases)
  t.test(`an agent that sends ${name} ends the job with a clear reason`, async (t) => {
    t.match(await answerTo(messages), reason)
  })
