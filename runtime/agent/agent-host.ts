/**
 * Entry of a process that starts several agents on its host, `agent-host.js AGENTS`, and carries their standard streams
 * over its own: one connection a host, however many agents run there. It knows nothing of jobs.
 *
 * Invariant: no agent outlives it. When its input ends the launcher is gone, and it kills every agent with all that it has
 * started; when it is killed itself, the agents find their own input at an end. What the launcher does not take waits in the
 * agents, not here.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { CARRIED, encodePacket, PACKET, PacketParser, type Packet } from './start-channel.ts'

const AGENT_MAIN = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './agent-main.ts' : './agent-main.cjs', import.meta.url),
)

// Ctrl-C reaches every process of the terminal; the launcher decides what becomes of the job.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => undefined)

const agents = Array.from({ length: Number(process.argv[2]) }, (_, index) => startAgent(index))
let running = agents.length

const parser = new PacketParser(deliver, () => undefined)
process.stdin.on('data', (chunk: Buffer) => parser.push(chunk))
process.stdin.on('end', die)
process.stdin.on('error', die)
process.stdout.on('error', die)
process.stdout.on('drain', () => {
  for (const { stdout } of agents) stdout?.resume()
})

function startAgent(index: number): ChildProcess {
  // A process group of its own: an agent ends with a signal to its whole group.
  const agent = spawn(process.execPath, [...process.execArgv, AGENT_MAIN], { stdio: 'pipe', detached: true })
  agent.stdout.on('data', (chunk: Buffer) => tell(index, CARRIED.BYTES, chunk))
  agent.stderr.on('data', (chunk: Buffer) => tell(index, CARRIED.COMPLAINT, chunk))
  agent.stdin.on('error', () => undefined) // its end shows as `close`
  agent.on('exit', () => killGroup(agent))
  agent.on('close', (code, signal) => {
    tell(index, CARRIED.END, Buffer.from(JSON.stringify({ code, signal })))
    if (--running === 0) process.exit(0)
  })
  return agent
}

function deliver({ flags, rank: index, payload }: Packet): void {
  const stdin = agents[index]?.stdin
  if (flags === CARRIED.END) stdin?.end()
  else stdin?.write(payload)
}

function tell(index: number, flag: number, bytes: Uint8Array): void {
  if (!process.stdout.write(encodePacket(PACKET.CARRIED, flag, index, bytes)))
    for (const { stdout } of agents) stdout?.pause()
}

function killGroup(agent: ChildProcess): void {
  if (agent.pid === undefined) return
  try {
    process.kill(-agent.pid, 'SIGKILL')
  } catch {
    // The group is gone already.
  }
}

function die(): void {
  for (const agent of agents) killGroup(agent)
  process.kill(process.pid, 'SIGKILL')
}
