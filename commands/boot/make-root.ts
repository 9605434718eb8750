/**
 * make-root.sh: makes the system that the workers run, and their kernel and initrd. Invariant: a root appears in its place
 * only when it is whole, and one that is there is never changed. Layer below: description.ts, places.ts.
 */
import { INITRD, KERNEL } from './boot-files.ts'
import type { Cluster } from './description.ts'
import { clusterFolder, HEAD_KEY, WORKER_KEY } from './places.ts'
import type { RenderedFile } from './rendered-file.ts'

/** Packages that every worker needs. */
const PACKAGES = ['linux-image-amd64', 'systemd-sysv', 'systemd-timesyncd', 'dbus', 'kmod', 'udev', 'openssh-server', 'iproute2', 'ethtool', 'libopenblas0-pthread', 'libstdc++6', 'ca-certificates', 'firmware-realtek'] // prettier-ignore

/** What each kind of root needs in it, and on the head. */
const BY_KIND = {
  nfs: { packages: ['initramfs-tools', 'nfs-common', 'zstd'], tools: [] },
  ram: { packages: [], tools: ['cpio', 'zstd'] },
} as const

/** Debian packages that the head needs for make-root.sh. Local. */
export function packagesToMakeRoot({ root }: Cluster): string[] {
  return ['mmdebstrap', 'openssh-client', ...BY_KIND[root.kind].tools]
}

/** The script. Local. */
export function makeRootFile(cluster: Cluster): RenderedFile {
  return {
    path: 'make-root.sh',
    text: script(cluster),
    executable: true,
    target: 'run on the head, once',
    purpose: `makes ${cluster.root.path}, a Debian with Node and tsmpi, and puts kernel and initrd into ${cluster.tftp}`,
  }
}

function script(cluster: Cluster): string {
  return [checks(cluster), system(cluster), keys(cluster), boot(cluster)].join('\n')
}

function checks(cluster: Cluster): string {
  const { root, tftp } = cluster
  const tools = ['mmdebstrap', 'ssh-keygen', ...BY_KIND[root.kind].tools]
  const copies = root.copy.map((path) => `[ -d ${path} ] || fail "${path} is no directory of this machine: the description copies it"\n`) // prettier-ignore
  return `#!/bin/sh
# Makes the root of the workers: a Debian ${root.suite} with ssh, OpenBLAS, and the Node and tsmpi of this head.
# Run as root on the head: ./make-root.sh KEY.pub
#   KEY.pub  the public key of the user who will start jobs, such as /home/me/.ssh/id_ed25519.pub
# It takes some minutes and needs the Internet. A root that is there is never changed, since workers may run from it: to
# make a new one, switch them off and move the old one away.
set -eu
umask 022
here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
root=${root.path}
tftp=${tftp}
keys=${clusterFolder(cluster)}

fail() {
  echo "make-root.sh: $1" >&2
  exit 1
}
[ $# -eq 1 ] || fail "usage: ./make-root.sh KEY.pub"
[ "$(id -u)" = 0 ] || fail "run it as root"
case "$(cat "$1")" in
  ssh-* | ecdsa-* | sk-*) ;;
  *) fail "$1 is no public key: expected that of the user who will start jobs, such as /home/me/.ssh/id_ed25519.pub" ;;
esac
[ ! -e "$root" ] || fail "$root is there already: move it away first"
for tool in ${tools.join(' ')}; do
  command -v "$tool" >/dev/null || fail "$tool is missing: apt-get install ${packagesToMakeRoot(cluster).join(' ')}"
done
${copies.join('')}
# Node and tsmpi, as they are found here, with the packages that tsmpi needs: below it or, in a project, beside it.
hint="is not in the PATH of root; with yours: sudo env \\"PATH=\\$PATH\\" ./make-root.sh KEY.pub"
node=$(command -v node) || fail "node $hint"
tsmpirun=$(command -v tsmpirun) || fail "tsmpirun $hint"
tsmpirun=$(readlink -f "$tsmpirun")
package=\${tsmpirun%/dist/runtime/launcher/tsmpirun.js}
[ -d "$package/node_modules/zeromq" ] || package=\${package%/*}
[ -d "$package/node_modules/zeromq" ] || [ -d "$package/zeromq" ] ||
  fail "the packages of $tsmpirun are neither in $package/node_modules nor in $package"
`
}

function system({ root, user }: Cluster): string {
  const packages = [...new Set([...PACKAGES, ...BY_KIND[root.kind].packages, ...root.packages])].join(',')
  return `# It is made beside its place, and moved there when it is whole.
new=$root.new
rm -rf "$new"
trap 'rm -rf "$new"' EXIT
mkdir -p "$(dirname "$root")" "$tftp"

# A plain Debian. Firmware of network cards is not part of "main".
mmdebstrap --variant=minbase --components=main,non-free-firmware --include=${packages} \\
  ${root.suite} "$new"${root.mirror === undefined ? '' : ` ${root.mirror}`}

# What this directory adds. Each worker gets its name from the command line of its kernel, and its identity when it starts.
cp -R --no-preserve=ownership --remove-destination "$here/worker/." "$new/"
rm -f "$new/etc/hostname"
: >"$new/etc/machine-id"

# Node, tsmpi, and what the description wants copied, at the same paths as on this head.
copy() {
  mkdir -p "$new$1"
  tar -C "$1" --exclude=./.git -cf - . | tar -C "$new$1" --no-same-owner -xf -
}
install -m 755 "$(readlink -f "$node")" "$new/usr/local/bin/node"
copy "$package"
ln -s "$tsmpirun" "$new/usr/local/bin/tsmpirun"
${root.copy.map((path) => `copy ${path}\n`).join('')}chroot "$new" tsmpirun --version >/dev/null ||
  fail "$node and tsmpi do not run in the new root: use the Node of nodejs.org, which needs few libraries"

# The user, who logs in by key. Root does so too, for whom the head has a key of its own.
chroot "$new" useradd --create-home --shell /bin/bash ${user}
`
}

function keys({ cluster, user }: Cluster): string {
  return `# The keys of the cluster stay the same when its root is made anew.
install -d -m 700 "$keys"
for key in ${HEAD_KEY} ${WORKER_KEY}; do
  [ -e "$keys/$key" ] || ssh-keygen -q -t ed25519 -N '' -C "tsmpi ${cluster}" -f "$keys/$key"
done
rm -f "$new"/etc/ssh/ssh_host_*
cp "$keys/${WORKER_KEY}" "$keys/${WORKER_KEY}.pub" "$new/etc/ssh/"
install -d -m 700 "$new/root/.ssh" "$new/home/${user}/.ssh"
cat "$1" "$keys/${HEAD_KEY}.pub" >"$new/root/.ssh/authorized_keys"
cp "$1" "$new/home/${user}/.ssh/authorized_keys"
# The home may have been made by a copy, for root.
chroot "$new" chown ${user}: /home/${user} /home/${user}/.ssh /home/${user}/.ssh/authorized_keys

chroot "$new" systemctl enable ssh systemd-networkd systemd-timesyncd
`
}

function boot({ root }: Cluster): string {
  return `${root.kind === 'nfs' ? NFS_BOOT : RAM_BOOT}chmod 644 "$tftp/${KERNEL}" "$tftp/${INITRD}"
mv "$new" "$root"
trap - EXIT
echo "The root is $root, kernel and initrd are in $tftp. Next: ./install-head.sh, then switch the workers on."
`
}

const NFS_BOOT = `# Kernel and initrd, which mounts the root.
chroot "$new" update-initramfs -u -k all
cp "$new"/boot/vmlinuz-* "$tftp/${KERNEL}"
cp "$new"/boot/initrd.img-* "$tftp/${INITRD}"
`

const RAM_BOOT = `# The kernel, and the whole root as its initrd. /init is not needed: the command line says rdinit=/sbin/init.
cp "$new"/boot/vmlinuz-* "$tftp/${KERNEL}"
(cd "$new" && find . -xdev -path ./boot -prune -o -path './var/cache/apt/*' -prune -o -print0 |
  cpio --null --create --format=newc --quiet --file="$tftp/initrd.cpio")
zstd -q -T0 -9 -f --rm -o "$tftp/${INITRD}" "$tftp/initrd.cpio"
`
