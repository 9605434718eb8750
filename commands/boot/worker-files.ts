/**
 * The system that the workers run: the script that makes it, and what that lays over a plain Debian. One root serves all
 * workers, so nothing in it names one of them; each learns its name from the kernel's command line. Layer below:
 * description.ts.
 */
import { INITRD, KERNEL } from './boot-files.ts'
import type { Cluster } from './description.ts'
import type { RenderedFile } from './rendered-file.ts'

/** The export for NFS, make-root.sh and the files below worker/. Local. */
export function workerFiles(cluster: Cluster): RenderedFile[] {
  const { root } = cluster
  const files: RenderedFile[] = [
    {
      path: 'make-root.sh',
      text: makeRoot(cluster),
      executable: true,
      target: 'run on the head, once',
      purpose: `makes ${root.path}, a Debian with Node and tsmpi, and puts kernel and initrd into ${cluster.tftp}`,
    },
    { path: 'worker/etc/hosts', text: hostsFile(cluster), target: 'the root of the workers', purpose: 'names of all machines' }, // prettier-ignore
    {
      path: 'worker/etc/systemd/network/20-tsmpi.network',
      text: networkFile(cluster),
      target: 'the root of the workers',
      purpose: root.kind === 'nfs' ? 'keeps the network up on which the root hangs' : 'configures the network by DHCP',
    },
    {
      path: 'worker/etc/ssh/sshd_config.d/tsmpi.conf',
      text: '# Keys only: make-root.sh puts yours into the root.\nPasswordAuthentication no\n',
      target: 'the root of the workers',
      purpose: 'ssh by key only',
    },
  ]
  return root.kind === 'nfs' ? [...files, ...nfsFiles(cluster)] : files
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
  if (root.kind === 'ram') return `# The address comes from the DHCP server.\n${match}[Network]\nDHCP=ipv4\n`
  return `# The initrd has configured the network, and the root is mounted over it: nobody may touch it, not even at the end.
${match}[Link]
Unmanaged=yes
`
}

function nfsFiles(cluster: Cluster): RenderedFile[] {
  const inRoot = 'the root of the workers'
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
      target: inRoot,
      purpose: 'the kind of initrd that is made',
    },
    { path: 'worker/etc/initramfs-tools/hooks/tsmpi-overlay', text: OVERLAY_HOOK, executable: true, target: inRoot, purpose: 'puts the overlay and NFS into the initrd' }, // prettier-ignore
    { path: 'worker/etc/initramfs-tools/scripts/nfs-bottom/tsmpi-overlay', text: OVERLAY_SCRIPT, executable: true, target: inRoot, purpose: 'lays memory over the read-only root' }, // prettier-ignore
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

/** Packages that every worker needs. */
const PACKAGES = ['linux-image-amd64', 'systemd-sysv', 'dbus', 'kmod', 'udev', 'openssh-server', 'iproute2', 'ethtool', 'libopenblas0-pthread', 'libstdc++6', 'ca-certificates'] // prettier-ignore
const BY_KIND = { nfs: ['initramfs-tools', 'nfs-common'], ram: ['cpio', 'zstd'] } as const

function makeRoot({ root, tftp, user }: Cluster): string {
  const packages = [...new Set([...PACKAGES, ...(root.kind === 'nfs' ? BY_KIND.nfs : []), ...root.packages])].join(',')
  const tools = ['mmdebstrap', 'chroot', ...(root.kind === 'ram' ? BY_KIND.ram : [])]
  return `#!/bin/sh
# Makes the root of the workers: a Debian ${root.suite} with ssh, OpenBLAS, and the Node and tsmpi of this head.
# Run as root on the head: ./make-root.sh KEY.pub
#   KEY.pub  the public key of the user who will start jobs, such as /home/me/.ssh/id_ed25519.pub
# It never changes a root that is there: workers may run from it. To make a new one, switch them off and move the old away.
set -eu
here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
root=${root.path}
tftp=${tftp}

fail() {
  echo "make-root.sh: $1" >&2
  exit 1
}
[ $# -eq 1 ] || fail "usage: ./make-root.sh KEY.pub"
[ "$(id -u)" = 0 ] || fail "run it as root"
[ -r "$1" ] || fail "$1 cannot be read: expected the public key of the user who will start jobs"
[ ! -e "$root" ] || fail "$root is there already: move it away first"
for tool in ${tools.join(' ')}; do
  command -v "$tool" >/dev/null || fail "$tool is missing: apt-get install $tool"
done
${root.copy.map((path) => `[ -d ${path} ] || fail "${path} is no directory of this machine: the description copies it"\n`).join('')}node=$(command -v node) || fail "node is missing: the workers get a copy of it"

# A plain Debian from the sources of this head.
mkdir -p "$(dirname "$root")" "$tftp"
mmdebstrap --variant=minbase --include=${packages} ${root.suite} "$root"

# What this directory adds.
cp -R --no-preserve=ownership "$here/worker/." "$root/"

# Node, and what the description wants copied, at the same paths as on this head.
install -m 755 "$(readlink -f "$node")" "$root/usr/local/bin/node"
${root.copy.map((path) => `mkdir -p "$root${path}"\ncp -a "${path}/." "$root${path}/"\n`).join('')}
# The user, who logs in by key. All workers have the same host keys, as they have the same root.
chroot "$root" useradd --create-home --shell /bin/bash ${user}
for home in /root /home/${user}; do
  install -d -m 700 "$root$home/.ssh"
  cp "$1" "$root$home/.ssh/authorized_keys"
  chmod 600 "$root$home/.ssh/authorized_keys"
done
chroot "$root" chown -R ${user}: /home/${user}/.ssh

# Every worker makes an identity of its own when it starts.
: >"$root/etc/machine-id"
chroot "$root" systemctl enable ssh systemd-networkd

${root.kind === 'nfs' ? NFS_BOOT : RAM_BOOT}chmod 644 "$tftp/${KERNEL}" "$tftp/${INITRD}"
echo "The root is $root, kernel and initrd are in $tftp. Next: ./install-head.sh, then switch the workers on."
`
}

const NFS_BOOT = `# Kernel and initrd, which mounts the root.
chroot "$root" update-initramfs -u -k all
cp "$root"/boot/vmlinuz-* "$tftp/${KERNEL}"
cp "$root"/boot/initrd.img-* "$tftp/${INITRD}"
`

const RAM_BOOT = `# The kernel, and the whole root as its initrd. /init is not needed: the command line says rdinit=/sbin/init.
cp "$root"/boot/vmlinuz-* "$tftp/${KERNEL}"
(cd "$root" && find . -xdev -path ./boot -prune -o -path './var/cache/apt/*' -prune -o -print0 |
  cpio --null --create --format=newc --quiet) | zstd -q -T0 -9 -f -o "$tftp/${INITRD}"
`
