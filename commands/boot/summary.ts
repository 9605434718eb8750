/** What `tsmpi boot check` says: what was understood, within 80 columns where names allow. Layer below: cli-table3. */
import CliTable from 'cli-table3'
import { kernelCommandLine } from './boot-files.ts'
import type { Cluster } from './description.ts'
import { renderCluster } from './render.ts'

/** A table of the machines, what each boots with, and what would be rendered. Local. */
export function describeCluster(cluster: Cluster): string {
  const { cluster: name, head, workers, subnet, dhcp, root } = cluster
  const slots = workers.reduce((sum, worker) => sum + worker.slots, head.slots)
  const table = new CliTable({
    head: ['', 'name', 'MAC address', 'address', 'slots'],
    colAligns: ['left', 'left', 'left', 'left', 'right'],
    style: { head: [], border: [], compact: true },
  })
  table.push(['head', head.name, head.interface, head.address, head.slots])
  for (const worker of workers) table.push(['worker', worker.name, worker.mac, worker.address, worker.slots])
  const commandLines = workers.map((worker) => `  ${worker.name}: ${kernelCommandLine(cluster, worker)}\n`)
  return `Cluster ${name}, network ${subnet.text}, ${slots} slots
${table.toString()}
${dhcp === 'full' ? `DHCP: ${head.name} gives the addresses; no other server may be on this network.` : 'DHCP: a router gives these addresses, which must be reserved there; the head adds what to boot.'}
Root: ${root.kind === 'nfs' ? `${root.path} of ${head.name} by NFS, read only, with memory laid over it.` : `in the memory of each worker, made from ${root.path} of ${head.name}.`}
Command line of the kernel:
${commandLines.join('')}The description is good: "tsmpi boot render" would write ${renderCluster(cluster).length} files.
`
}
