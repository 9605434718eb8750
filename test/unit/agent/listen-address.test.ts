/** An agent listens on one address of its machine, that of the job's network. */
import type { NetworkInterfaceInfo } from 'node:os'
import t from 'tap'
import { listenAddress, type NetworkHints } from '../../../runtime/agent/listen-address.ts'

function address(text: string, internal = false): NetworkInterfaceInfo {
  const common = { address: text, netmask: '', mac: '', internal, cidr: null }
  return text.includes(':') ? { ...common, family: 'IPv6', scopeid: 0 } : { ...common, family: 'IPv4' }
}

const MACHINE = {
  lo: [address('127.0.0.1', true), address('::1', true)],
  docker0: [address('172.17.0.1')],
  eth0: [address('fe80::1'), address('fd00::5'), address('10.1.2.3')],
  eth1: [address('192.168.7.3')],
}
const on = (hints: Partial<NetworkHints>): string => listenAddress({ address: undefined, ...hints }, MACHINE)

t.test('what the user says comes first: a name, an address or a network', async (t) => {
  const others = { address: '192.168.7.3', sshConnection: '192.168.7.1 50000 192.168.7.3 22' }
  t.equal(on({ interface: 'eth0', ...others }), '10.1.2.3', 'IPv4 before IPv6')
  t.equal(on({ interface: 'fd00::5', ...others }), 'fd00::5')
  t.equal(on({ interface: '10.0.0.0/8', ...others }), '10.1.2.3')
  t.equal(on({ interface: 'fd00::/16', ...others }), 'fd00::5')
  t.equal(on({ interface: 'lo', ...others }), '127.0.0.1')
})

t.test('what the user says must be here; the error says what there is', async (t) => {
  for (const wanted of ['eth7', '10.9.9.9', '172.16.0.0/24'])
    t.throws(() => on({ interface: wanted }), {
      message: `no interface, address or network "${wanted}" here; there are lo (127.0.0.1), docker0 (172.17.0.1), eth0 (10.1.2.3), eth1 (192.168.7.3), lo (::1), eth0 (fd00::5)`,
    })
})

t.test('then what the launcher knows, then what sshd says, if it is an address of this machine', async (t) => {
  const sshConnection = '10.1.2.9 50000 10.1.2.3 22'
  t.equal(on({ address: '192.168.7.3', sshConnection }), '192.168.7.3')
  t.equal(on({ address: '203.0.113.7', sshConnection }), '10.1.2.3', 'the launcher sees a translated address')
  t.equal(on({ sshConnection: '10.1.2.9 50000 203.0.113.7 22' }), '172.17.0.1', 'nobody knows: the first to be reached')
  t.equal(on({ sshConnection: 'UNKNOWN' }), '172.17.0.1')
})

t.test('a machine without a network listens on loopback', async (t) => {
  t.equal(listenAddress({ address: undefined }, { lo: [address('127.0.0.1', true)] }), '127.0.0.1')
  t.equal(listenAddress({ address: undefined }, {}), '127.0.0.1')
})
