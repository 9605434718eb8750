/** Descriptions of clusters without disks: what is understood, what is refused and where, and what is rendered of it. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { addressNumber, isHostAddress, parseMac, parseSubnet } from '../../../commands/boot/addresses.ts'
import { kernelCommandLine } from '../../../commands/boot/boot-files.ts'
import { parseCluster, type Cluster } from '../../../commands/boot/description.ts'
import { renderCluster } from '../../../commands/boot/render.ts'
import { parseHostfile } from '../../../runtime/launcher/hostfile.ts'
import { UsageError } from '../../../runtime/launcher/usage-error.ts'

const SAMPLE = readFileSync(new URL('../../../examples/cluster.yaml', import.meta.url), 'utf8')

const SMALL = `cluster: home
subnet: 10.0.0.0/24
head: { name: head, address: 10.0.0.1, interface: eth0 }
root: { kind: nfs }
workers:
  - { name: node1, mac: 02:00:00:00:00:01, address: 10.0.0.11, slots: 4 }
`

/** The mistakes in a text, line by line. */
function mistakesIn(text: string): string[] {
  try {
    parseCluster(text, 'c.yaml')
    return []
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    return error.message.split('\n')
  }
}

const fileOf = (cluster: Cluster, path: string): string =>
  renderCluster(cluster).find((file) => file.path === path)?.text ?? ''

t.test('the sample is understood, with every default in its place', async (t) => {
  const cluster = parseCluster(SAMPLE, 'cluster.yaml')
  t.match(cluster, {
    cluster: 'home',
    dhcp: 'full',
    subnet: { network: '192.168.7.0', netmask: '255.255.255.0', broadcast: '192.168.7.255' },
    'kernel-options': ['quiet'],
    workers: [
      { name: 'node1', 'kernel-options': [] },
      { name: 'node2', 'kernel-options': ['acpi=force', 'reboot=pci'] },
    ],
  })
  t.match(parseCluster(SMALL, 'c.yaml'), {
    head: { slots: 0 },
    root: { path: '/srv/tsmpi/root' },
    user: 'mpi',
    dns: [],
  })
})

t.test(
  'all mistakes of a file are told together, each with its line, what was read and what is expected',
  async (t) => {
    const text = `cluster: Home
subnet: 10.0.0.7/24
dhcp: maybe
colour: red
head: { name: head, address: 10.0.0.300, interface: eth0 }
root: { kind: disk, path: srv/root }
workers:
  - name: node1
    mac: 02:00:00:00:00:0g
    address: 10.0.0.11
    slots: 0
    kernel-options: quiet root=/dev/sda
  - name: node 2
    mac: 01:00:00:00:00:02
    slot: 4
`
    t.same(mistakesIn(text), [
      'c.yaml, line 1: cluster: read "Home", expected a host name: letters, digits and dashes, a letter first',
      'c.yaml, line 2: subnet: read "10.0.0.7/24", expected a network such as 192.168.7.0/24, of prefix 16 to 30, without bits of a host',
      'c.yaml, line 3: dhcp: read "maybe", expected full (this head gives addresses) or proxy (a router does)',
      'c.yaml, line 4: colour is unknown; expected one of cluster, head, subnet, dhcp, router, dns, domain, root, tftp, user, kernel-options, workers',
      'c.yaml, line 5: head.address: read "10.0.0.300", expected an IPv4 address such as 192.168.7.1',
      'c.yaml, line 6: root.kind: read "disk", expected nfs (one copy on the head) or ram (a copy in the memory of each worker)',
      'c.yaml, line 6: root.path: read "srv/root", expected an absolute path of letters, digits and . _ + -',
      'c.yaml, line 9: workers[0].mac: read "02:00:00:00:00:0g", expected the MAC address of a network card, such as 6c:4b:90:12:34:56',
      'c.yaml, line 11: workers[0].slots: read 0, expected a whole number from 1 to 4096',
      'c.yaml, line 12: workers[0].kernel-options[1]: read "root=/dev/sda", expected none of boot, root, nfsroot, initrd, ip, BOOTIF, rdinit, systemd.hostname: the rendered files set these',
      'c.yaml, line 13: workers[1].address: is missing, expected an IPv4 address such as 192.168.7.1',
      'c.yaml, line 13: workers[1].name: read "node 2", expected a host name: letters, digits and dashes, a letter first',
      'c.yaml, line 13: workers[1].slots: is missing, expected a whole number from 1 to 4096',
      'c.yaml, line 14: workers[1].mac: read "01:00:00:00:00:02", expected the MAC address of a network card, such as 6c:4b:90:12:34:56',
      'c.yaml, line 15: workers[1].slot is unknown; expected one of name, mac, address, slots, kernel-options',
    ])
  },
)

t.test('what only several values together show is told as well', async (t) => {
  const text = `${SMALL.replace('root:', 'router: 10.1.0.1\nroot:')}  - { name: node1, mac: 02-00-00-00-00-01, address: 10.0.0.1, slots: 4 }
  - { name: node3, mac: 02:00:00:00:00:03, address: 10.0.0.255, slots: 4 }
`
  t.same(mistakesIn(text), [
    'c.yaml, line 4: router: read "10.1.0.1", expected an address of a host in 10.0.0.0/24',
    'c.yaml, line 8: workers[1].address: read "10.0.0.1", which head has already',
    'c.yaml, line 8: workers[1].mac: read "02:00:00:00:00:01", which workers[0] has already',
    'c.yaml, line 8: workers[1].name: read "node1", which workers[0] has already',
    'c.yaml, line 9: workers[2].address: read "10.0.0.255", expected an address of a host in 10.0.0.0/24',
  ])
})

t.test('the router is no worker, and the root and what TFTP hands out are apart', async (t) => {
  t.same(mistakesIn(SMALL.replace('root:', 'router: 10.0.0.11\nroot:')), [
    'c.yaml, line 4: router: read "10.0.0.11", which workers[0] has already',
  ])
  t.same(mistakesIn(SMALL.replace('root:', 'router: 10.0.0.1\nroot:')), [], 'the head may be the router')
  for (const tftp of ['/srv/tsmpi/root', '/srv/tsmpi', '/srv/tsmpi/root/boot'])
    t.same(mistakesIn(`${SMALL}tftp: ${tftp}\n`), [
      `c.yaml, line 7: tftp: read "${tftp}", expected a directory apart from root.path, /srv/tsmpi/root`,
    ])
  t.same(mistakesIn(`${SMALL}tftp: /srv/tsmpi/root2\n`), [])
})

t.test('a file that is no mapping, or has none where one belongs, is told so', async (t) => {
  t.same(mistakesIn('- 1\n'), ['c.yaml, line 1: expected keys with values, such as "n: [1000, 2000]"'])
  t.match(
    mistakesIn('cluster: a\nhead: b\nworkers: []\n').join('\n'),
    /line 2: head: read "b", expected the keys name, /,
  )
  t.match(mistakesIn('a: 1\na: 2\n').join('\n'), /line 2: Map keys must be unique/)
})

t.test('addresses: what is written comes back, and every other text is refused', async (t) => {
  const byte = fc.integer({ min: 0, max: 255 })
  fc.assert(
    fc.property(fc.tuple(byte, byte, byte, byte), (bytes) => {
      const number = addressNumber(bytes.join('.'))
      return number === bytes[0] * 2 ** 24 + bytes[1] * 2 ** 16 + bytes[2] * 2 ** 8 + bytes[3]
    }),
  )
  for (const text of ['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.-4', 'a.b.c.d'])
    t.equal(addressNumber(text), undefined, text)
  fc.assert(
    fc.property(fc.integer({ min: 16, max: 30 }), fc.nat(), fc.nat(), (prefix, some, other) => {
      const size = 2 ** (32 - prefix)
      const text = (number: number): string => [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.')
      const network = size * (some % 2 ** prefix)
      const subnet = parseSubnet(`${text(network)}/${prefix}`)
      const offset = other % size
      if (subnet === undefined) return false
      return isHostAddress(text(network + offset), subnet) === (offset > 0 && offset < size - 1)
    }),
  )
  fc.assert(
    fc.property(fc.array(byte, { minLength: 6, maxLength: 6 }), fc.constantFrom(':', '-'), (bytes, separator) => {
      const hex = bytes.map((one) => one.toString(16).padStart(2, '0'))
      const expected = (bytes[0] as number) % 2 === 1 ? undefined : hex.join(':')
      return parseMac(hex.join(separator).toUpperCase()) === expected
    }),
  )
  t.equal(parseMac('02:00-00:00:00:01'), undefined)
  t.equal(parseMac('02:00:00:00:00'), undefined)
})

t.test('the kernel of a worker gets its root, its name, and the options of all and of its own', async (t) => {
  const cluster = parseCluster(SAMPLE, 'cluster.yaml')
  t.same(
    cluster.workers.map((worker) => kernelCommandLine(cluster, worker)),
    [
      'boot=nfs root=/dev/nfs nfsroot=192.168.7.10:/srv/tsmpi/root,ro ip=dhcp BOOTIF=01-${mac:hexhyp} systemd.hostname=node1 quiet',
      'boot=nfs root=/dev/nfs nfsroot=192.168.7.10:/srv/tsmpi/root,ro ip=dhcp BOOTIF=01-${mac:hexhyp} systemd.hostname=node2 quiet acpi=force reboot=pci',
    ],
  )
  const inMemory = parseCluster(SAMPLE.replace('kind: nfs', 'kind: ram'), 'cluster.yaml')
  t.equal(
    kernelCommandLine(inMemory, inMemory.workers[1] as Cluster['workers'][number]),
    'rdinit=/sbin/init systemd.hostname=node2 quiet acpi=force reboot=pci',
  )
  t.match(
    fileOf(cluster, 'tftp/hosts/6c-4b-90-12-34-57.ipxe'),
    /^#!ipxe\n[^]*# acpi=force: [^]*# reboot=pci: [^]*boot \|\|/,
  )
})

t.test('name servers stand in the root, whoever gives the addresses; a mirror is asked if one is named', async (t) => {
  for (const dhcp of ['full', 'proxy']) {
    const text = `${SMALL}dns: [10.0.0.1, 9.9.9.9]\ndomain: lab\ndhcp: ${dhcp}\n`
    const resolv = fileOf(parseCluster(text, 'c.yaml'), 'worker/etc/resolv.conf')
    t.match(resolv, /\nsearch lab\nnameserver 10\.0\.0\.1\nnameserver 9\.9\.9\.9\n$/)
  }
  const mirrored = SMALL.replace('kind: nfs', 'kind: nfs, mirror: http://10.0.0.1:3142/debian')
  t.match(
    fileOf(parseCluster(mirrored, 'c.yaml'), 'make-root.sh'),
    / bookworm "\$new" http:\/\/10\.0\.0\.1:3142\/debian\n/,
  )
  t.match(fileOf(parseCluster(SMALL, 'c.yaml'), 'make-root.sh'), / bookworm "\$new"\n/)
})

t.test('ssh knows each worker by the key that the root gets, and root of the head has a key of its own', async (t) => {
  const cluster = parseCluster(SAMPLE, 'cluster.yaml')
  const [makeRoot, install, shutdown] = ['make-root.sh', 'install-head.sh', 'head/shutdown-workers'].map((path) =>
    fileOf(cluster, path),
  )
  t.match(makeRoot, 'keys=/etc/tsmpi/home\n')
  t.match(makeRoot, 'cat "$1" "$keys/id_ed25519.pub" >"$new/root/.ssh/authorized_keys"')
  t.match(shutdown, 'ssh -n -i /etc/tsmpi/home/id_ed25519 ')
  for (const { name, address } of cluster.workers)
    t.match(install, `\n${name},${name}.cluster.lan,${address} $key\n`, 'all names by which ssh may be asked')
})

t.test('the hostfile is one that tsmpirun reads', async (t) => {
  const cluster = parseCluster(SAMPLE, 'cluster.yaml')
  t.match(parseHostfile(fileOf(cluster, 'hostfile'), 'hostfile').hosts, [
    { name: 'xeon', slots: 4 },
    { name: 'mpi@node1', slots: 4 },
    { name: 'mpi@node2', slots: 4 },
  ])
  const without = parseCluster(SMALL, 'c.yaml')
  t.match(parseHostfile(fileOf(without, 'hostfile'), 'hostfile').hosts, [{ name: 'mpi@node1', slots: 4 }])
})

t.test('the README lists every file; RAM roots need no NFS; every worker has its lines everywhere', async (t) => {
  for (const kind of ['nfs', 'ram'])
    for (const dhcp of ['full', 'proxy']) {
      const text = SAMPLE.replace('kind: nfs', `kind: ${kind}`).replace('dhcp: full', `dhcp: ${dhcp}`)
      const cluster = parseCluster(text, 'cluster.yaml')
      const files = renderCluster(cluster)
      const readme = files[0]?.text ?? ''
      for (const { path } of files.slice(1)) t.ok(readme.includes(`\`${path}\``), `${kind} ${dhcp}: ${path}`)
      t.equal(
        files.some(({ text }) => /nfsroot|nfs-kernel-server|exportfs/.test(text)),
        kind === 'nfs',
      )
      const dnsmasq = fileOf(cluster, 'head/dnsmasq.conf')
      for (const { mac, name } of cluster.workers) {
        t.ok(dnsmasq.includes(mac))
        for (const path of ['head/hosts', 'worker/etc/hosts', 'head/wake-workers', 'head/shutdown-workers'])
          t.match(fileOf(cluster, path), name)
      }
      if (kind === 'nfs')
        t.equal(fileOf(cluster, 'head/exports').match(/^\/srv\/tsmpi\/root 192\.168\.7\.1[12]\(ro,/gm)?.length, 2)
    }
})
