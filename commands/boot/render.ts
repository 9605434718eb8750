/** All files of a cluster, with the README that explains them. Pure. Layer below: the other files of this folder. */
import { bootFiles } from './boot-files.ts'
import type { Cluster } from './description.ts'
import { headFiles } from './head-files.ts'
import type { RenderedFile } from './rendered-file.ts'
import { workerFiles } from './worker-files.ts'

/** The files, sorted by path. Local. */
export function renderCluster(cluster: Cluster): RenderedFile[] {
  const files = [...bootFiles(cluster), ...workerFiles(cluster), ...headFiles(cluster)]
  const sorted = files.sort((a, b) => (a.path < b.path ? -1 : 1))
  return [{ path: 'README.md', text: readme(cluster, sorted), target: 'read it', purpose: 'this page' }, ...sorted]
}

function readme(cluster: Cluster, files: readonly RenderedFile[]): string {
  const { cluster: name, head, workers, root, tftp, user, dhcp } = cluster
  const slots = workers.reduce((sum, worker) => sum + worker.slots, head.slots)
  return `# Cluster ${name}

The head ${head.name} (${head.address}) and ${workers.length} workers without disks, ${slots} slots in all. Rendered by \`tsmpi boot render\`: to
change something, change the description, render again with \`--force\`, and run \`./install-head.sh\` again.

## How a worker starts

1. Its firmware asks for an address (PXE). ${dhcp === 'full' ? `The head's dnsmasq gives it the one of the description,` : `The router gives it the one reserved for it there; the head's dnsmasq adds`} and the
   name of iPXE, which comes by TFTP.
2. iPXE asks again, gets \`boot.ipxe\`, and from there the script of its MAC address in \`hosts/\`.
3. That loads the kernel and the initrd from ${tftp} and starts them with the worker's options.
4. ${
    root.kind === 'nfs'
      ? `The initrd mounts ${root.path} of the head by NFS, read only, with memory laid over it for what is written.`
      : `The initrd is the whole system: it stays in the worker's memory, and the network is not needed any more. A worker
   needs memory for it, compressed and unpacked, while it starts.`
  }
5. systemd starts ssh. The head starts ranks there by \`ssh ${user}@NAME\`.

## What to do, on ${head.name}, in this directory

\`\`\`sh
sudo apt-get install mmdebstrap${root.kind === 'ram' ? ' cpio zstd' : ''}
sudo ./make-root.sh ~/.ssh/id_ed25519.pub    # once: the system of the workers
sudo ./install-head.sh                       # services of the head; again after each render
sudo wake-workers                            # or press their buttons
ssh ${user}@${workers[0]?.name} uptime
tsmpirun --hostfile hostfile -n ${slots} hpl
sudo shutdown-workers                        # or --reboot; with names: these only
\`\`\`

Each worker's firmware must boot from the network first${dhcp === 'full' ? ', and there must be no other DHCP server on this network' : ''}. UEFI Secure Boot must be off:
iPXE is not signed. \`shutdown-workers\` logs in as root by the same key.
${dhcp === 'full' ? '' : `\nReserve on the router:\n\n| worker | MAC address | address |\n|---|---|---|\n${workers.map(({ name, mac, address }) => `| ${name} | ${mac} | ${address} |\n`).join('')}`}
If a worker does not start, look at \`journalctl -u dnsmasq -f\` while it tries: nothing there means that its question does not
arrive (cable, VLAN, boot order) or that its MAC address is not in the description.

## Files

| file | goes to | what it is for |
|---|---|---|
${files.map(({ path, target, purpose }) => `| \`${path}\` | ${target} | ${purpose} |\n`).join('')}`
}
