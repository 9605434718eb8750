/**
 * Which address of this machine an agent listens on: one, that of the job's network. Pure, so that other machines'
 * interfaces can be tried too.
 */
import { BlockList } from 'node:net'
import { type NetworkInterfaceInfo } from 'node:os'
import { isIPv6Address } from '../base/ip-address.ts'

/** What is known of the job's network, most binding first. */
export interface NetworkHints {
  /** What the user said: name of an interface, an address, or a network such as 10.0.0.0/8. */
  readonly interface?: string | undefined
  /** Address of this machine as the launcher knows it. */
  readonly address: string | undefined
  /** Value of SSH_CONNECTION: sshd's word for how the launcher reached this machine. */
  readonly sshConnection?: string | undefined
}

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

interface Own {
  readonly name: string
  readonly address: string
  readonly internal: boolean
}

/**
 * The address to listen on. What the user said must be here. What launcher and sshd know is taken if it is an address of
 * this machine (behind address translation it is not); else the first that others can reach.
 *
 * @throws Error if the user named something that this machine has not; it says what there is
 */
export function listenAddress(hints: NetworkHints, interfaces: Interfaces): string {
  const own = ownAddresses(interfaces)
  if (hints.interface !== undefined) return asked(hints.interface, own)
  const reachedAt = hints.sshConnection?.split(' ')[2]
  const known = [hints.address, reachedAt].find((one) => own.some(({ address }) => address === one))
  return known ?? own.find(({ internal }) => !internal)?.address ?? '127.0.0.1'
}

function asked(wanted: string, own: readonly Own[]): string {
  const found = own.find(matcher(wanted))
  if (found !== undefined) return found.address
  const list = own.map(({ name, address }) => `${name} (${address})`).join(', ')
  throw new Error(`no interface, address or network "${wanted}" here; there are ${list}`)
}

function matcher(wanted: string): (own: Own) => boolean {
  const [network = '', bits] = wanted.split('/')
  const family = (address: string): 'ipv4' | 'ipv6' => (isIPv6Address(address) ? 'ipv6' : 'ipv4')
  if (bits !== undefined) {
    const subnet = new BlockList()
    subnet.addSubnet(network, Number(bits), family(network))
    return ({ address }) => subnet.check(address, family(address))
  }
  return ({ name, address }) => name === wanted || address === wanted
}

/** IPv4 first. Link-local IPv6 addresses mean something on one wire only: nobody can be told to connect to them. */
function ownAddresses(interfaces: Interfaces): Own[] {
  const all = Object.entries(interfaces).flatMap(([name, list]) =>
    (list ?? []).map(({ address, internal }) => ({ name, address, internal })),
  )
  const usable = all.filter(({ address }) => !/^fe[89ab]/i.test(address))
  return [
    ...usable.filter(({ address }) => !isIPv6Address(address)),
    ...usable.filter(({ address }) => isIPv6Address(address)),
  ]
}
