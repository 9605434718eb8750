/**
 * What the head node gets beside DHCP: its hostfile, names, the switch for the workers, and the script that installs all
 * of it. Layer below: description.ts, boot-files.ts.
 */
import { IPXE_FILES } from './boot-files.ts'
import type { Cluster } from './description.ts'
import type { RenderedFile } from './rendered-file.ts'
import { hostLines } from './worker-files.ts'

/** The hostfile, install-head.sh and the other files below head/. Local. */
export function headFiles(cluster: Cluster): RenderedFile[] {
  return [
    {
      path: 'hostfile',
      text: hostfile(cluster),
      target: 'anywhere',
      purpose: 'for `tsmpirun --hostfile`',
    },
    {
      path: 'install-head.sh',
      text: installHead(cluster),
      executable: true,
      target: 'run on the head, after each render',
      purpose: 'puts the files into their places and starts the services',
    },
    {
      path: 'head/hosts',
      text: hostLines(cluster),
      target: 'a block of /etc/hosts',
      purpose: 'names of all machines',
    },
    {
      path: 'head/wake-workers',
      text: wakeWorkers(cluster),
      executable: true,
      target: '/usr/local/sbin/wake-workers',
      purpose: 'switches the workers on (wake on LAN)',
    },
    {
      path: 'head/shutdown-workers',
      text: shutdownWorkers(cluster),
      executable: true,
      target: '/usr/local/sbin/shutdown-workers',
      purpose: 'switches the workers off, or restarts them, and says which did not',
    },
    {
      path: 'head/tsmpi-workers.service',
      text: workersService(cluster),
      target: '/etc/systemd/system/tsmpi-workers.service',
      purpose: 'switches the workers off before the head goes down: nothing may outlive its root',
    },
    ...shutdownFiles(cluster),
  ]
}

function hostfile({ cluster, head, user, workers }: Cluster): string {
  const first = head.slots > 0 ? [`${head.name} slots=${head.slots} # the head: run tsmpirun here\n`] : []
  const rest = workers.map(({ name, slots, address }) => `${user}@${name} slots=${slots} # ${address}\n`)
  return `# Cluster ${cluster}: tsmpirun --hostfile hostfile program.ts\n${[...first, ...rest].join('')}`
}

/** On the worker: what makes poweroff and reboot end. */
function shutdownFiles({ root }: Cluster): RenderedFile[] {
  const inRoot = 'the root of the workers'
  return [
    {
      path: 'worker/etc/systemd/system.conf.d/tsmpi.conf',
      text: `# A worker has nothing to save: it may not take minutes to go down, nor hang for ever.
[Manager]
DefaultTimeoutStopSec=10s
RebootWatchdogSec=2min
`,
      target: inRoot,
      purpose: 'short limits for going down',
    },
    {
      path: 'worker/usr/lib/systemd/system-shutdown/tsmpi',
      text: `#!/bin/sh
# The last thing systemd runs: switches off or restarts through the kernel at once, without looking at the root again,
# which ${root.kind === 'nfs' ? 'a head that went down first would hold for ever' : 'is memory'}. $1 is poweroff, reboot, halt or kexec.
case "$1" in
  poweroff) echo o >/proc/sysrq-trigger ;;
  reboot) echo b >/proc/sysrq-trigger ;;
esac
`,
      executable: true,
      target: inRoot,
      purpose: 'the end of poweroff and reboot, which needs no root',
    },
  ]
}

function wakeWorkers({ head, workers }: Cluster): string {
  return `#!/bin/sh
# Switches workers on: wake-workers [NAME...]; all of them without a name. Wake on LAN must be on in their firmware.
set -eu
known="${workers.map(({ name }) => name).join(' ')}"

mac_of() {
  case "$1" in
${workers.map(({ name, mac }) => `    ${name}) echo ${mac} ;;\n`).join('')}    *)
      echo "wake-workers: $1 is no worker; expected some of: $known" >&2
      return 1
      ;;
  esac
}

# shellcheck disable=SC2086 # names are words
[ $# -gt 0 ] || set -- $known
for name in "$@"; do
  mac=$(mac_of "$name")
  etherwake -i ${head.interface} "$mac"
  echo "$name: woken ($mac)"
done
`
}

function shutdownWorkers({ workers }: Cluster): string {
  return `#!/bin/sh
# Switches workers off: shutdown-workers [--reboot] [NAME...]; all of them without a name. Asks all at once by ssh, waits
# until none answers, and names those that still do; the exit code is 1 then.
set -eu
known="${workers.map(({ name }) => name).join(' ')}"
action=poweroff
if [ "\${1:-}" = --reboot ]; then
  action=reboot
  shift
fi
for name in "$@"; do
  case " $known " in
    *" $name "*) ;;
    *)
      echo "shutdown-workers: $name is no worker; expected some of: $known" >&2
      exit 2
      ;;
  esac
done
# shellcheck disable=SC2086 # names are words
[ $# -gt 0 ] || set -- $known

for name in "$@"; do
  # A worker that goes down cuts the connection: that is no error.
  ssh -n -o BatchMode=yes -o ConnectTimeout=5 "root@$name" "systemctl $action --no-block" >/dev/null 2>&1 &
done
wait

# Down is what does not answer a ping. A worker that restarts is away for longer than the look around.
left="$*"
tries=60
while [ -n "$left" ] && [ "$tries" -gt 0 ]; do
  still=""
  for name in $left; do
    if ping -c 1 -W 1 "$name" >/dev/null 2>&1; then still="$still $name"; else echo "$name: down"; fi
  done
  left=$still
  tries=$((tries - 1))
  [ -z "$left" ] || sleep 1
done
[ -z "$left" ] || {
  echo "shutdown-workers: still up:$left" >&2
  exit 1
}
`
}

function workersService({ cluster, root }: Cluster): string {
  const nfs = root.kind === 'nfs' ? ' nfs-server.service' : ''
  return `# Units stop in the reverse of the order they start in: when the head goes down, this one stops before the network
# and the servers it names, and switches the workers off.
[Unit]
Description=Workers of cluster ${cluster}
Wants=network-online.target
After=network-online.target dnsmasq.service${nfs} ssh.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/usr/local/sbin/shutdown-workers
TimeoutStopSec=3min

[Install]
WantedBy=multi-user.target
`
}

function installHead({ cluster, head, root, tftp }: Cluster): string {
  const nfs = root.kind === 'nfs'
  const packages = ['dnsmasq', 'ipxe', 'etherwake', 'iputils-ping', ...(nfs ? ['nfs-kernel-server'] : [])]
  const exported = `install -D -m 644 head/exports /etc/exports.d/tsmpi-${cluster}.exports
exportfs -ra
`
  return `#!/bin/sh
# Installs what was rendered for cluster ${cluster} on its head, ${head.name}. Run as root; run it again after each render.
set -eu
cd "$(dirname "$0")"
[ "$(id -u)" = 0 ] || {
  echo "install-head.sh: run it as root" >&2
  exit 1
}
ip -o address show dev ${head.interface} | grep -q ' ${head.address.replaceAll('.', '\\.')}/' || {
  echo "install-head.sh: ${head.interface} of this machine does not have the address ${head.address}: is this ${head.name}?" >&2
  exit 1
}
apt-get install -y ${packages.join(' ')}

# TFTP: iPXE for both kinds of firmware, and the scripts. Kernel and initrd come from make-root.sh.
mkdir -p ${tftp}/hosts
rm -f ${tftp}/hosts/*.ipxe
install -m 644 /usr/lib/ipxe/${IPXE_FILES.bios} /usr/lib/ipxe/${IPXE_FILES.efi} tftp/boot.ipxe ${tftp}/
install -m 644 tftp/hosts/*.ipxe ${tftp}/hosts/

# Names, in a block of their own.
sed -i '/^# tsmpi ${cluster} begin$/,/^# tsmpi ${cluster} end$/d' /etc/hosts
{
  echo '# tsmpi ${cluster} begin'
  cat head/hosts
  echo '# tsmpi ${cluster} end'
} >>/etc/hosts

${nfs ? `# The root of the workers.\n${exported}\n` : ''}# The switch for the workers, also when this head goes down.
install -m 755 head/wake-workers head/shutdown-workers /usr/local/sbin/
install -m 644 head/tsmpi-workers.service /etc/systemd/system/tsmpi-workers.service
systemctl daemon-reload
systemctl enable --now tsmpi-workers.service

# DHCP and TFTP, if the configuration is good.
install -D -m 644 head/dnsmasq.conf /etc/dnsmasq.d/tsmpi-${cluster}.conf
dnsmasq --test
systemctl restart dnsmasq
for file in vmlinuz initrd.img; do
  [ -e ${tftp}/$file ] || echo "install-head.sh: ${tftp}/$file is missing: run ./make-root.sh before a worker boots" >&2
done
`
}
