/**
 * install-head.sh: puts what was rendered into its places on the head, starts the services, and takes all of it away
 * again. Invariant: what is not of this cluster is left alone: files of its own, blocks of its own in common files, and
 * its own dnsmasq beside any other. Layer below: description.ts, places.ts.
 */
import { IPXE_FILES } from './boot-files.ts'
import type { Cluster } from './description.ts'
import { clusterFolder, DNSMASQ_UNIT, WORKER_KEY, WORKERS_UNIT } from './places.ts'
import type { RenderedFile } from './rendered-file.ts'

/** The script. Local. */
export function installHeadFile(cluster: Cluster): RenderedFile {
  return {
    path: 'install-head.sh',
    text: [checks(cluster), blocks(cluster), removal(cluster), files(cluster), services(cluster)].join('\n'),
    executable: true,
    target: 'run on the head, after each render',
    purpose: 'puts the files into their places and starts the services; `--remove` takes them away again',
  }
}

function checks({ cluster, head }: Cluster): string {
  return `#!/bin/sh
# Installs what was rendered for cluster ${cluster} on its head, ${head.name}. Run as root: ./install-head.sh [--remove]
# Run it again after each render. With --remove it takes away what it has installed, but for packages.
set -eu
umask 022
cd "$(dirname "$0")"

fail() {
  echo "install-head.sh: $1" >&2
  exit 1
}
remove=no
case "$*" in
  '') ;;
  --remove) remove=yes ;;
  *) fail "usage: ./install-head.sh [--remove]" ;;
esac
[ "$(id -u)" = 0 ] || fail "run it as root"
`
}

function blocks({ cluster }: Cluster): string {
  return `# The lines of this cluster in a file that others use too: take them away, put them there anew.
take_block() {
  [ ! -e "$1" ] || sed -i '/^# tsmpi ${cluster} begin$/,/^# tsmpi ${cluster} end$/d' "$1"
}
put_block() {
  take_block "$1"
  { echo '# tsmpi ${cluster} begin' && cat && echo '# tsmpi ${cluster} end'; } >>"$1"
}
`
}

function exportsPlace({ cluster }: Cluster): string {
  return `/etc/exports.d/tsmpi-${cluster}.exports`
}

function chronyPlace({ cluster }: Cluster): string {
  return `/etc/chrony/conf.d/tsmpi-${cluster}.conf`
}

function removal(cluster: Cluster): string {
  const { root, tftp } = cluster
  const nfs = root.kind === 'nfs' ? `rm -f ${exportsPlace(cluster)}\n  exportfs -ra || true\n  ` : ''
  return `if [ "$remove" = yes ]; then
  # The workers are not switched off, as they would be when this head goes down.
  rm -f /usr/local/sbin/wake-workers /usr/local/sbin/shutdown-workers
  systemctl disable --now ${WORKERS_UNIT} ${DNSMASQ_UNIT} || true
  rm -f /etc/systemd/system/${WORKERS_UNIT} /etc/systemd/system/${DNSMASQ_UNIT}
  systemctl daemon-reload
  ${nfs}rm -f ${chronyPlace(cluster)} ${clusterFolder(cluster)}/dnsmasq.conf
  systemctl try-restart chrony || true
  take_block /etc/hosts
  take_block /etc/ssh/ssh_known_hosts
  echo "Removed. Left are ${root.path}, ${tftp}, the keys in ${clusterFolder(cluster)}, and packages."
  exit 0
fi
`
}

function files(cluster: Cluster): string {
  const { head, root, tftp, domain, workers } = cluster
  const nfs = root.kind === 'nfs'
  const packages = ['dnsmasq-base', 'ipxe', 'etherwake', 'iputils-ping', 'openssh-client', 'chrony', ...(nfs ? ['nfs-kernel-server'] : [])] // prettier-ignore
  const known = workers.map(({ name, address }) => `${name},${name}.${domain},${address} $key\n`).join('')
  const hosts = nfs
    ? `# Workers that run see new names at once.
[ ! -d ${root.path}/etc ] || install -m 644 worker/etc/hosts ${root.path}/etc/hosts
`
    : ''
  return `ip -o address show dev ${head.interface} | grep -q ' ${head.address.replaceAll('.', '\\.')}/' ||
  fail "${head.interface} of this machine does not have the address ${head.address}: is this ${head.name}?"
[ -e ${clusterFolder(cluster)}/${WORKER_KEY}.pub ] || fail "there is no root yet: run ./make-root.sh first"
apt-get install -y --no-install-recommends ${packages.join(' ')}

# TFTP: iPXE for both kinds of firmware, and the scripts. Kernel and initrd come from make-root.sh.
mkdir -p ${tftp}/hosts
rm -f ${tftp}/hosts/*.ipxe
install -m 644 /usr/lib/ipxe/${IPXE_FILES.bios} /usr/lib/ipxe/${IPXE_FILES.efi} tftp/boot.ipxe ${tftp}/
install -m 644 tftp/hosts/*.ipxe ${tftp}/hosts/

# Names, and the key of the workers, so that ssh need not ask whether it is them.
put_block /etc/hosts <head/hosts
${hosts}key=$(cut -d ' ' -f 1,2 ${clusterFolder(cluster)}/${WORKER_KEY}.pub)
put_block /etc/ssh/ssh_known_hosts <<EOF
${known}EOF
`
}

function services(cluster: Cluster): string {
  const exported = `# The root of the workers.
install -D -m 644 head/exports ${exportsPlace(cluster)}
exportfs -ra

`
  return `# The time.
install -D -m 644 head/chrony.conf ${chronyPlace(cluster)}
systemctl restart chrony

${cluster.root.kind === 'nfs' ? exported : ''}# DHCP and TFTP, if the configuration is good.
dnsmasq --test --conf-file=head/dnsmasq.conf
install -D -m 644 head/dnsmasq.conf ${clusterFolder(cluster)}/dnsmasq.conf

# The services, and the switch for the workers, also when this head goes down.
install -m 755 head/wake-workers head/shutdown-workers /usr/local/sbin/
install -m 644 head/${DNSMASQ_UNIT} head/${WORKERS_UNIT} /etc/systemd/system/
systemctl daemon-reload
systemctl enable ${DNSMASQ_UNIT}
systemctl restart ${DNSMASQ_UNIT}
systemctl enable --now ${WORKERS_UNIT}
echo "The head is ready: switch the workers on. journalctl -f -u ${DNSMASQ_UNIT.replace('.service', '')} shows them ask."
`
}
