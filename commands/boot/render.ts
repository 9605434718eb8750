/** All files of a cluster, with the README that explains them. Pure. Layer below: the other files of this folder. */
import { bootFiles } from './boot-files.ts'
import type { Cluster } from './description.ts'
import { headFiles } from './head-files.ts'
import { installHeadFile } from './install-head.ts'
import { makeRootFile, packagesToMakeRoot } from './make-root.ts'
import { powerFiles } from './power-files.ts'
import type { RenderedFile } from './rendered-file.ts'
import { workerFiles } from './worker-files.ts'

/** The files, sorted by path. Local. */
export function renderCluster(cluster: Cluster): RenderedFile[] {
  const files = [
    ...bootFiles(cluster),
    ...workerFiles(cluster),
    ...headFiles(cluster),
    ...powerFiles(cluster),
    makeRootFile(cluster),
    installHeadFile(cluster),
  ]
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
sudo apt-get install ${packagesToMakeRoot(cluster).join(' ')}
sudo ./make-root.sh ~/.ssh/id_ed25519.pub    # once: the system of the workers
sudo ./install-head.sh                       # services of the head; again after each render
sudo wake-workers                            # or press their buttons
ssh ${user}@${workers[0]?.name} uptime
tsmpirun --hostfile hostfile -n ${slots} hpl
sudo shutdown-workers                        # or --reboot; with names: these only
\`\`\`

Each worker's firmware must boot from the network first${dhcp === 'full' ? ', and there must be no other DHCP server on this network' : ''}. UEFI Secure Boot must be off:
iPXE is not signed. To have the root made anew, with other packages or a newer Node, switch the workers off, move
${root.path} away and run \`./make-root.sh\` again. \`sudo ./install-head.sh --remove\` takes the services away.
${dhcp === 'full' ? '' : `\nReserve on the router:\n\n| worker | MAC address | address |\n|---|---|---|\n${workers.map(({ name, mac, address }) => `| ${name} | ${mac} | ${address} |\n`).join('')}`}
## If a worker does not start

\`journalctl -f -u tsmpi-dnsmasq\` shows what it asks while it tries.

| what you see | what it means |
|---|---|
| nothing in the journal | its question does not arrive: cable, boot order, a firewall on ${head.name} (UDP 67, 69${dhcp === 'full' ? '' : ', 4011'}) |
| \`ignored\` in the journal | its MAC address is not in the description |
| it gets an address, but no file | a firewall: TFTP answers from ports of its own; let everything in from ${cluster.subnet.text} |
| "Access Denied", "Security Violation" on its screen | UEFI Secure Boot is on |
| "could not load the kernel" | \`./make-root.sh\` has not run to its end |
| ${root.kind === 'nfs' ? '`nfsmount` fails or waits | a firewall (NFS: TCP 111, 2049 and that of mountd), or `exportfs -s` on the head does not list it' : '"not enough memory", or it restarts | it has less memory than the system needs twice: take `nfs`'} |
| it runs, but ssh asks for a password | \`./make-root.sh\` was given another key than the one of the user who logs in |

## Files

| file | goes to | what it is for |
|---|---|---|
${files.map(({ path, target, purpose }) => `| \`${path}\` | ${target} | ${purpose} |\n`).join('')}`
}
