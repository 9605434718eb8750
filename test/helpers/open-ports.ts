/** Who listens where, from /proc. */
import { readFileSync } from 'node:fs'
import { socketsOf } from './sockets.ts'

export interface OpenPort {
  /** With a byte a number, also of IPv6. */
  readonly address: string
  readonly port: number
}

/** The TCP ports that a process listens on. */
export function openPorts(pid: number): OpenPort[] {
  const own = new Set(socketsOf(pid))
  return ['tcp', 'tcp6']
    .flatMap((table) => readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTENING && own.has(fields[9] as string))
    .map((fields) => parse(fields[1] as string))
}

const LISTENING = '0A'

/** The kernel prints addresses as a number of the machine's byte order, ports as one of the network's. */
function parse(text: string): OpenPort {
  const [address = '', port = ''] = text.split(':')
  return {
    address: (address.match(/../g) ?? [])
      .reverse()
      .map((byte) => parseInt(byte, 16))
      .join('.'),
    port: parseInt(port, 16),
  }
}
