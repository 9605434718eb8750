/** Keys and addresses of a job on several agents. */
import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { networkInterfaces, hostname } from 'node:os'
import { isIPv6Address } from '../base/ip-address.ts'
import type { Listening } from './command-line.ts'
import { curveKeys } from './curve-keys.ts'
import type { JobContents } from './job.ts'
import type { AgentPlan } from './placement.ts'

const LOOPBACK = '127.0.0.1'

/** True if the name means this machine. */
export function isThisMachine(name: string): boolean {
  if (name.includes('@')) return false // another user has to log in
  if (['localhost', LOOPBACK, '::1', hostname(), hostname().split('.')[0]].includes(name)) return true
  return Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === name))
}

/** Keys and addresses of a job's agents, and where they shall listen. */
export async function networkOf(
  plans: readonly AgentPlan[],
  listening: Listening,
  encryption: 'on' | 'off',
): Promise<JobContents['network']> {
  const keys = plans.map(() => ({ ...curveKeys(), inTheClear: encryption === 'off' }))
  return { keys, addresses: await addressesOf(plans), listening }
}

/** Address of each agent's machine in the network of the job: loopback if all run here. */
async function addressesOf(plans: readonly AgentPlan[]): Promise<(string | undefined)[]> {
  if (plans.every(({ local }) => local)) return plans.map(() => LOOPBACK)
  const remote = await Promise.all(
    plans.map(({ host, local }) => (local ? Promise.resolve(undefined) : resolved(host))),
  )
  const first = remote.find((address) => address !== undefined)
  const own = first === undefined ? undefined : await addressTowards(first)
  return plans.map(({ local }, index) => (local ? own : remote[index]))
}

/** The address of a name, IPv4 before IPv6, or undefined if only the start command knows what the name means. */
async function resolved(host: string): Promise<string | undefined> {
  try {
    return (await lookup(host.replace(/^.*@/, ''), { verbatim: false })).address
  } catch {
    return undefined
  }
}

/** Which of this machine's addresses the system would send from. Connecting a datagram socket sends nothing. */
async function addressTowards(address: string): Promise<string | undefined> {
  const socket = createSocket(isIPv6Address(address) ? 'udp6' : 'udp4')
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.connect(9, address, resolve)
    })
    return socket.address().address
  } catch {
    return undefined
  } finally {
    socket.close()
  }
}
