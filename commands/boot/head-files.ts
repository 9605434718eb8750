/**
 * What the head node gets beside DHCP: its hostfile, names, the time for the workers, and the service that runs dnsmasq.
 * Layer below: description.ts, places.ts.
 */
import type { Cluster } from './description.ts'
import { clusterFolder, DNSMASQ_UNIT } from './places.ts'
import type { RenderedFile } from './rendered-file.ts'
import { hostLines } from './worker-files.ts'

/** The hostfile, and the files below head/ that no other file of this folder makes. Local. */
export function headFiles(cluster: Cluster): RenderedFile[] {
  return [
    { path: 'hostfile', text: hostfile(cluster), target: 'anywhere', purpose: 'for `tsmpirun --hostfile`' },
    {
      path: 'head/hosts',
      text: hostLines(cluster),
      target: 'a block of /etc/hosts',
      purpose: 'names of all machines',
    },
    {
      path: 'head/chrony.conf',
      text: chronyConf(cluster),
      target: `/etc/chrony/conf.d/tsmpi-${cluster.cluster}.conf`,
      purpose: 'gives the workers the time',
    },
    {
      path: `head/${DNSMASQ_UNIT}`,
      text: dnsmasqService(cluster),
      target: `/etc/systemd/system/${DNSMASQ_UNIT}`,
      purpose: 'runs dnsmasq for the workers, beside any other of the head',
    },
  ]
}

function hostfile({ cluster, head, user, workers }: Cluster): string {
  const first = head.slots > 0 ? [`${head.name} slots=${head.slots} # the head: run tsmpirun here\n`] : []
  const rest = workers.map(({ name, slots, address }) => `${user}@${name} slots=${slots} # ${address}\n`)
  return `# Cluster ${cluster}: tsmpirun --hostfile hostfile program.ts\n${[...first, ...rest].join('')}`
}

function chronyConf({ cluster, subnet }: Cluster): string {
  return `# The time for the workers of cluster ${cluster}, which have no disk to keep it.
allow ${subnet.text}
# Also while the head itself does not know it better: all clocks alike is what matters.
local stratum 10
`
}

function dnsmasqService(cluster: Cluster): string {
  const { cluster: name } = cluster
  return `[Unit]
Description=DHCP and TFTP for the workers of cluster ${name}
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/sbin/dnsmasq --keep-in-foreground --log-facility=- --pid-file= --conf-file=${clusterFolder(cluster)}/dnsmasq.conf --dhcp-leasefile=/var/lib/misc/tsmpi-${name}.leases
Restart=on-failure

[Install]
WantedBy=multi-user.target
`
}
