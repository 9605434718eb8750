/**
 * What is laid over a plain Debian to make the system of the workers, and who may mount it. One root serves all workers,
 * so nothing in it names one of them; each learns its name from the kernel's command line. Layer below: description.ts.
 */
import type { Cluster } from './description.ts'
import type { RenderedFile } from './rendered-file.ts'

/** Where files of the root of the workers go, as the README says it. */
export const IN_ROOT = 'the root of the workers'

/** The files below worker/, but for those of power-files.ts, and the export for NFS. Local. */
export function workerFiles(cluster: Cluster): RenderedFile[] {
  const { root } = cluster
  const inRoot = (path: string, text: string, purpose: string): RenderedFile => ({
    path: `worker/etc/${path}`,
    text,
    target: IN_ROOT,
    purpose,
  })
  const files = [
    inRoot('hosts', hostsFile(cluster), 'names of all machines'),
    inRoot('resolv.conf', resolvConf(cluster), 'the name servers of the description'),
    inRoot(
      'systemd/network/20-tsmpi.network',
      networkFile(cluster),
      root.kind === 'nfs' ? 'keeps the network up on which the root hangs' : 'configures the network by DHCP',
    ),
    inRoot('systemd/timesyncd.conf.d/tsmpi.conf', timeFile(cluster), 'takes the time from the head'),
    inRoot('ssh/sshd_config.d/tsmpi.conf', SSHD, 'ssh by key only'),
  ]
  return root.kind === 'nfs' ? [...files, ...nfsFiles(cluster)] : files
}

const SSHD = `# Keys only: make-root.sh puts yours into the root. And one host key, which the head knows.
PasswordAuthentication no
HostKey /etc/ssh/ssh_host_ed25519_key
`

function resolvConf({ dns, domain }: Cluster): string {
  const servers = dns.map((address) => `nameserver ${address}\n`).join('')
  return `# From the description; all names of the cluster are in /etc/hosts.\nsearch ${domain}\n${servers}`
}

function timeFile({ head }: Cluster): string {
  return `# Without a disk and with an empty battery a machine starts in the past.
[Time]
NTP=${head.address}
FallbackNTP=
`
}

/** Lines for /etc/hosts. Local. */
export function hostLines({ head, workers, domain }: Cluster): string {
  return [head, ...workers].map(({ address, name }) => `${address} ${name}.${domain} ${name}\n`).join('')
}

function hostsFile(cluster: Cluster): string {
  return `127.0.0.1 localhost\n::1 localhost\n${hostLines(cluster)}`
}

function networkFile({ root }: Cluster): string {
  const match = '[Match]\nType=ether\n\n'
  if (root.kind === 'ram')
    return `# The address comes from the DHCP server, by the MAC address as before, name and name servers do not.
${match}[Network]
DHCP=ipv4

[DHCPv4]
ClientIdentifier=mac
UseHostname=no
UseDNS=no
`
  return `# The initrd has configured the network, and the root is mounted over it: nobody may touch it, not even at the end.
${match}[Link]
Unmanaged=yes
`
}

function nfsFiles(cluster: Cluster): RenderedFile[] {
  return [
    {
      path: 'head/exports',
      text: exportsFile(cluster),
      target: `/etc/exports.d/tsmpi-${cluster.cluster}.exports`,
      purpose: 'lets the workers, and nobody else, mount their root',
    },
    {
      path: 'worker/etc/initramfs-tools/conf.d/tsmpi',
      text: '# An initrd that mounts its root by NFS, with drivers for whatever network card there is.\nBOOT=nfs\nMODULES=most\n',
      target: IN_ROOT,
      purpose: 'the kind of initrd that is made',
    },
    { path: 'worker/etc/initramfs-tools/hooks/tsmpi-overlay', text: OVERLAY_HOOK, executable: true, target: IN_ROOT, purpose: 'puts the overlay and NFS into the initrd' }, // prettier-ignore
    { path: 'worker/etc/initramfs-tools/scripts/nfs-bottom/tsmpi-overlay', text: OVERLAY_SCRIPT, executable: true, target: IN_ROOT, purpose: 'lays memory over the read-only root' }, // prettier-ignore
  ]
}

function exportsFile({ root, workers }: Cluster): string {
  const lines = workers.map(({ address, name }) => `# ${name}\n${root.path} ${address}(ro,no_root_squash,no_subtree_check)\n`) // prettier-ignore
  return `# The root of the workers, for them alone, read only. no_root_squash: their system reads its own protected files.
${lines.join('')}`
}

const PREREQUISITES = `# What initramfs-tools asks first: which scripts must run before this one. None.
if [ "$1" = prereqs ]; then
  exit 0
fi
`

const OVERLAY_HOOK = `#!/bin/sh
# Runs when the initrd is made: adds what the overlay needs, and NFS of version 3, which the initrd mounts.
${PREREQUISITES}# shellcheck source=/dev/null
. /usr/share/initramfs-tools/hook-functions
manual_add_modules overlay nfs nfsv3
`

const OVERLAY_SCRIPT = `#!/bin/sh
# Runs in the initrd when the root is mounted: moves it below an overlay, so that a worker can write anywhere, into its
# memory. All workers see the same root, and whatever one has written is gone when it is switched off.
${PREREQUISITES}set -e
mkdir -p /run/tsmpi
mount -t tmpfs -o mode=0755 tmpfs /run/tsmpi
mkdir /run/tsmpi/lower /run/tsmpi/upper /run/tsmpi/work
# shellcheck disable=SC2154 # rootmnt is set by the initrd: where the root is mounted
mount -o move "$rootmnt" /run/tsmpi/lower
modprobe overlay
mount -t overlay -o lowerdir=/run/tsmpi/lower,upperdir=/run/tsmpi/upper,workdir=/run/tsmpi/work overlay "$rootmnt"
`
