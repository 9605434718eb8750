/**
 * How a worker finds its kernel: DHCP, TFTP and iPXE. The firmware asks by DHCP and is given iPXE; iPXE asks again and is
 * given boot.ipxe; that loads the script of its own MAC address, which names kernel, root and options. Layer below:
 * description.ts.
 */
import type { Cluster, Worker } from './description.ts'
import { clusterFolder } from './places.ts'
import type { RenderedFile } from './rendered-file.ts'

/** iPXE by kind of firmware, from Debian's package ipxe. */
export const IPXE_FILES = { bios: 'undionly.kpxe', efi: 'snponly.efi' } as const

/** The kernel and what is loaded with it, in the TFTP directory. */
export const KERNEL = 'vmlinuz'
export const INITRD = 'initrd.img'

/** dnsmasq.conf and the iPXE scripts. Local. */
export function bootFiles(cluster: Cluster): RenderedFile[] {
  const { tftp } = cluster
  return [
    {
      path: 'head/dnsmasq.conf',
      text: dnsmasqConf(cluster),
      target: `${clusterFolder(cluster)}/dnsmasq.conf`,
      purpose: `${cluster.dhcp === 'full' ? 'gives the workers their addresses and' : 'tells the workers, beside the DHCP server of the router,'} what to boot, and hands it out by TFTP`,
    },
    {
      path: 'tftp/boot.ipxe',
      text: entryScript(cluster),
      target: `${tftp}/boot.ipxe`,
      purpose: 'the first script of iPXE: goes on to the one of the MAC address that asks',
    },
    ...cluster.workers.map((worker) => ({
      path: `tftp/hosts/${scriptName(worker)}`,
      text: workerScript(cluster, worker),
      target: `${tftp}/hosts/`,
      purpose: `${worker.name}: kernel, root and kernel options`,
    })),
  ]
}

function scriptName({ mac }: Worker): string {
  return `${mac.replaceAll(':', '-')}.ipxe`
}

/** Options of the kernel for one worker, in the order they are given. Local. */
export function kernelCommandLine(cluster: Cluster, worker: Worker): string {
  const { root, head } = cluster
  const fromNfs = ['boot=nfs', 'root=/dev/nfs', `nfsroot=${head.address}:${root.path},ro`, 'ip=dhcp', 'BOOTIF=01-${mac:hexhyp}'] // prettier-ignore
  return [
    ...(root.kind === 'nfs' ? fromNfs : ['rdinit=/sbin/init']),
    `systemd.hostname=${worker.name}`,
    ...cluster['kernel-options'],
    ...worker['kernel-options'],
  ].join(' ')
}

function entryScript({ cluster, head }: Cluster): string {
  return `#!ipxe
# Cluster ${cluster}: what every worker runs first. The script of its own is found by its MAC address.
echo Cluster ${cluster}: this machine is \${mac}
chain tftp://${head.address}/hosts/\${mac:hexhyp}.ipxe || goto unknown

:unknown
echo No script for \${mac} on ${head.address}: add this address to the description and render again.
echo Going on with the next device of the firmware.
sleep 10
exit 1
`
}

function workerScript(cluster: Cluster, worker: Worker): string {
  const { head, root } = cluster
  const own = [...cluster['kernel-options'], ...worker['kernel-options']]
  const comments = own.flatMap((option) => OPTION_NOTES[option] ?? []).map((note) => `# ${note}\n`)
  const where =
    root.kind === 'nfs'
      ? `# Root: ${root.path} of the head by NFS, read only, with an overlay in memory for what is written.\n# BOOTIF names the network card for the initrd, which configures it before it mounts.\n`
      : '# Root: the initrd itself, which stays in memory; rdinit makes the kernel start the system from there.\n'
  return `#!ipxe
# ${worker.name}: ${worker.mac}, ${worker.address}, ${worker.slots} slots
${where}${comments.join('')}kernel tftp://${head.address}/${KERNEL} initrd=${INITRD} ${kernelCommandLine(cluster, worker)} || goto failed
initrd tftp://${head.address}/${INITRD} || goto failed
boot || goto failed

:failed
echo ${worker.name}: could not load the kernel from ${head.address}; trying again in 30 seconds
sleep 30
reboot
`
}

/** What people give these options for. */
const OPTION_NOTES: Readonly<Record<string, string>> = {
  'acpi=force':
    'acpi=force: use ACPI although the firmware is on the list of bad ones; without it poweroff only halts.',
  'acpi=off': 'acpi=off: no ACPI at all; the machine cannot switch itself off then.',
  'reboot=pci': 'reboot=pci: restart through port 0xcf9, for machines that hang at the end of a reboot.',
  'reboot=acpi': 'reboot=acpi: restart through the reset register of ACPI.',
  'reboot=bios': 'reboot=bios: restart through the BIOS.',
  'reboot=efi': 'reboot=efi: restart through the firmware.',
  'reboot=triple': 'reboot=triple: restart by a triple fault.',
  'mitigations=off': 'mitigations=off: no protection between processes, for speed: only on a network of your own.',
  nomodeset: 'nomodeset: leave the graphics card alone.',
  'pcie_aspm=off': 'pcie_aspm=off: no sleep of the PCI links: network cards that stall or answer late.',
}

function dnsmasqConf(cluster: Cluster): string {
  const { cluster: name, head, tftp } = cluster
  return `# dnsmasq for cluster ${name}. Rendered from its description by "tsmpi boot render": change that, not this.

# Listen on the network of the cluster only, also if the interface comes up later.
interface=${head.interface}
except-interface=lo
bind-dynamic
# No DNS: names are in /etc/hosts, and another name server of this machine is left alone.
port=0
# Say in the journal who asked for what: with a worker that does not boot, look there first.
log-dhcp

${cluster.dhcp === 'full' ? fullDhcp(cluster) : proxyDhcp(cluster)}
# The files.
enable-tftp=${head.interface}
tftp-root=${tftp}
`
}

/** Kinds of firmware and iPXE, as tags. */
const TAGS = `# Who asks: firmware says its kind (RFC 4578; 9 is a common mistake for 7), iPXE sends option 175.
dhcp-match=set:bios,option:client-arch,0
dhcp-match=set:efi,option:client-arch,7
dhcp-match=set:efi,option:client-arch,9
dhcp-match=set:ipxe,175
`

function fullDhcp({ subnet, workers, router, dns, domain }: Cluster): string {
  const hosts = workers.map(({ mac, address, name }) => `dhcp-host=${mac},${address},${name},12h\n`)
  return `# DHCP: this head gives the addresses of this network. There must be no other DHCP server in it.
# Only the machines listed here are answered: a laptop on the same switch gets nothing.
dhcp-authoritative
dhcp-range=${subnet.network},static,${subnet.netmask},12h
dhcp-ignore=tag:!known
${hosts.join('')}
# An option without a value is not sent; else the head would be named as router and name server.
dhcp-option=option:router${router === undefined ? '' : `,${router}`}
dhcp-option=option:dns-server${dns.map((address) => `,${address}`).join('')}
dhcp-option=option:domain-name,${domain}

${TAGS}
# Firmware gets iPXE, iPXE gets its script.
dhcp-boot=tag:bios,tag:!ipxe,${IPXE_FILES.bios}
dhcp-boot=tag:efi,tag:!ipxe,${IPXE_FILES.efi}
dhcp-boot=tag:ipxe,boot.ipxe
`
}

function proxyDhcp({ subnet, workers }: Cluster): string {
  const hosts = workers.map(({ mac, name }) => `dhcp-host=${mac},set:worker # ${name}\n`)
  return `# Proxy DHCP: the router gives the addresses, this head only says what to boot. The router must give each worker
# the address of the description: reserve it there for the worker's MAC address.
dhcp-range=${subnet.network},proxy,${subnet.netmask}
# Only the machines listed here are answered.
dhcp-ignore=tag:!known
${hosts.join('')}
${TAGS}
# Firmware gets iPXE, iPXE gets its script. A proxy answers in the words of PXE menus, here of one entry.
pxe-service=tag:!ipxe,X86PC,"iPXE",${IPXE_FILES.bios}
pxe-service=tag:!ipxe,X86-64_EFI,"iPXE",${IPXE_FILES.efi}
pxe-service=tag:!ipxe,BC_EFI,"iPXE",${IPXE_FILES.efi}
pxe-service=tag:ipxe,X86PC,"boot.ipxe",boot.ipxe
pxe-service=tag:ipxe,X86-64_EFI,"boot.ipxe",boot.ipxe
pxe-service=tag:ipxe,BC_EFI,"boot.ipxe",boot.ipxe
dhcp-boot=tag:ipxe,boot.ipxe
`
}
