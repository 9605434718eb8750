/**
 * Switching workers on and off: the commands of the head, what runs them when the head itself goes down, and what makes a
 * worker wake up, and go down, without help of its root. Layer below: description.ts, places.ts.
 */
import type { Cluster } from './description.ts'
import { clusterFolder, DNSMASQ_UNIT, HEAD_KEY, WORKERS_UNIT } from './places.ts'
import type { RenderedFile } from './rendered-file.ts'
import { IN_ROOT } from './worker-files.ts'

/** For the head and for the root of the workers. Local. */
export function powerFiles(cluster: Cluster): RenderedFile[] {
  return [
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
      path: `head/${WORKERS_UNIT}`,
      text: workersService(cluster),
      target: `/etc/systemd/system/${WORKERS_UNIT}`,
      purpose: 'switches the workers off before the head goes down: nothing may outlive its root',
    },
    {
      path: 'worker/etc/systemd/network/10-tsmpi.link',
      text: WAKE_ON_LAN,
      target: IN_ROOT,
      purpose: 'lets the network card wake the machine',
    },
    {
      path: 'worker/etc/systemd/system.conf.d/tsmpi.conf',
      text: LIMITS,
      target: IN_ROOT,
      purpose: 'short limits for going down',
    },
    {
      path: 'worker/usr/lib/systemd/system-shutdown/tsmpi',
      text: lastStep(cluster),
      executable: true,
      target: IN_ROOT,
      purpose: 'the end of poweroff and reboot, which needs no root',
    },
  ]
}

const WAKE_ON_LAN = `# Drivers switch wake on LAN off unless they are told otherwise. The rest is what systemd does without this file.
[Match]
Type=ether

[Link]
WakeOnLan=magic
NamePolicy=keep kernel database onboard slot path
AlternativeNamesPolicy=database onboard slot path
MACAddressPolicy=persistent
`

const LIMITS = `# A worker has nothing to save: it may not take minutes to go down, nor hang for ever.
[Manager]
DefaultTimeoutStopSec=10s
RebootWatchdogSec=2min
`

/** What systemd runs last on a worker. */
function lastStep({ root }: Cluster): string {
  return `#!/bin/sh
# The last thing systemd runs: switches off or restarts through the kernel at once, without looking at the root again,
# which ${root.kind === 'nfs' ? 'a head that went down first would hold for ever' : 'is memory'}. $1 is poweroff, reboot, halt or kexec.
case "$1" in
  poweroff) echo o >/proc/sysrq-trigger ;;
  reboot) echo b >/proc/sysrq-trigger ;;
esac
`
}

function wakeWorkers({ head, workers }: Cluster): string {
  return `#!/bin/sh
# Switches workers on: wake-workers [NAME...]; all of them without a name. Wake on LAN must be on in their firmware.
set -eu
[ "$(id -u)" = 0 ] || {
  echo "wake-workers: run it as root" >&2
  exit 2
}
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

function shutdownWorkers(cluster: Cluster): string {
  const { workers } = cluster
  return `#!/bin/sh
# Switches workers off: shutdown-workers [--reboot] [NAME...]; all of them without a name. Asks all at once by ssh, waits
# until none answers, and names those that still do; the exit code is 1 then. Only root can read the key that it needs.
set -eu
[ "$(id -u)" = 0 ] || {
  echo "shutdown-workers: run it as root" >&2
  exit 2
}
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
  ssh -n -i ${clusterFolder(cluster)}/${HEAD_KEY} -o BatchMode=yes -o ConnectTimeout=5 "root@$name" "systemctl $action --no-block" >/dev/null 2>&1 &
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
After=network-online.target ${DNSMASQ_UNIT}${nfs} ssh.service

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
