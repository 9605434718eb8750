/** What can be told of an address of this machine or of a name that has been looked up. */

/**
 * True if it is of IPv6. It must be an address: of all these only those of IPv6 have colons. (`isIPv6` of node:net, which
 * doubts that, takes 5 ms of a processor in every process that asks, for one regular expression.)
 */
export function isIPv6Address(address: string): boolean {
  return address.includes(':')
}
