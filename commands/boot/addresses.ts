/** IPv4 and MAC addresses as texts and numbers. Layer below: none. */

/** A network in the form 192.168.7.0/24. */
export interface Subnet {
  /** As it was written. */
  readonly text: string
  readonly network: string
  readonly netmask: string
  readonly broadcast: string
  readonly prefix: number
}

/** The number of an address, or undefined if the text is none. Local. */
export function addressNumber(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined
  return parts.reduce((number, part) => number * 256 + Number(part), 0)
}

function addressText(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.')
}

/** Parses ADDRESS/PREFIX; undefined if it is no network of 2 to 65 534 hosts, or has bits of a host set. Local. */
export function parseSubnet(text: string): Subnet | undefined {
  const [address = '', length = ''] = text.split('/')
  const number = addressNumber(address)
  const prefix = /^\d{1,2}$/.test(length) ? Number(length) : 0
  if (number === undefined || prefix < 16 || prefix > 30) return undefined
  const hosts = 2 ** (32 - prefix)
  if (number % hosts !== 0) return undefined
  return {
    text,
    prefix,
    network: address,
    netmask: addressText(2 ** 32 - hosts),
    broadcast: addressText(number + hosts - 1),
  }
}

/** Whether a host may have this address in the network. Local. */
export function isHostAddress(address: string, { network, broadcast }: Subnet): boolean {
  const number = addressNumber(address) ?? -1
  return number > (addressNumber(network) as number) && number < (addressNumber(broadcast) as number)
}

/** A MAC address in lower case with colons, or undefined if the text is none, or one of a group. Local. */
export function parseMac(text: string): string | undefined {
  if (!/^[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2}){4}$/i.test(text)) return undefined
  const isGroup = (parseInt(text.slice(0, 2), 16) & 1) === 1
  return isGroup ? undefined : text.toLowerCase().replaceAll('-', ':')
}
