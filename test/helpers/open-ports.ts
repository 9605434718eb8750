/** Who listens where, from /proc. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface OpenPort {
  readonly address: string
  readonly port: number
}

/** The TCP ports that a process listens on. */
export function openPorts(pid: number): OpenPort[] {
  const own = new Set(socketsOf(pid))
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTENING && own.has(fields[9] as string))
    .map((fields) => parse(fields[1] as string))
}

const LISTENING = '0A'

/** Inode numbers of the sockets that a process has open. */
function socketsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
    } catch {
      return [] // closed meanwhile
    }
  })
}

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
