/** A head node that serves what `tsmpi boot` rendered, and a network card on a cable to it: two namespaces, as root on Linux. */
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const { spawn, spawnSync } = process.getBuiltinModule('node:child_process')
const CLIENT = fileURLToPath(new URL('../cli/programs/pxe-client.mjs', import.meta.url))

/** Why a test that needs these programs is skipped, or false. */
export function without(...programs: string[]): string | false {
  const missing = programs.filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0)
  return missing.length > 0 && `needs ${missing.join(', ')}`
}

/** Two namespaces joined by a cable: the head with dnsmasq, and the network card of a machine that boots. */
export class Cable {
  readonly head = `tsmpi-head-${process.pid}`
  readonly card = `tsmpi-card-${process.pid}`
  readonly #children: ChildProcess[] = []

  constructor() {
    ip('netns', 'add', this.head)
    ip('netns', 'add', this.card)
    ip('link', 'add', 'enp3s0', 'netns', this.head, 'type', 'veth', 'peer', 'name', 'card0', 'netns', this.card)
    ip('-n', this.head, 'address', 'add', '192.168.7.10/24', 'dev', 'enp3s0')
    ip('-n', this.card, 'address', 'add', '192.168.7.200/24', 'dev', 'card0')
    for (const [netns, dev] of [
      [this.head, 'enp3s0'],
      [this.card, 'card0'],
    ] as const)
      // prettier-ignore
      ip('-n', netns, 'link', 'set', dev, 'up')
    ip('-n', this.card, 'route', 'add', 'default', 'dev', 'card0')
  }

  /** Starts dnsmasq; resolves, when it listens, to what reads its log. */
  async serve(directory: string): Promise<() => string> {
    const files = ['--keep-in-foreground', '--log-facility=-', `--conf-file=${directory}/head/dnsmasq.conf`]
    const state = [`--dhcp-leasefile=${directory}/leases`, `--pid-file=${directory}/pid`, '--user=root']
    const child = spawn('ip', ['netns', 'exec', this.head, 'dnsmasq', ...files, ...state])
    this.#children.push(child)
    let said = ''
    return new Promise((resolve, reject) => {
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        if (said.includes('TFTP root is')) resolve(() => said)
      })
      child.on('close', () => reject(new Error(`dnsmasq ended: ${said}`)))
    })
  }

  /** Starts a machine of qemu in place of the card, which becomes a bridge to it. */
  plug(mac: string, ...args: string[]): ChildProcess {
    ip('-n', this.card, 'link', 'add', 'bridge0', 'type', 'bridge')
    ip('-n', this.card, 'tuntap', 'add', 'tap0', 'mode', 'tap')
    for (const dev of ['card0', 'tap0']) ip('-n', this.card, 'link', 'set', dev, 'master', 'bridge0', 'up')
    ip('-n', this.card, 'link', 'set', 'bridge0', 'up')
    const network = ['-netdev', 'tap,id=n,ifname=tap0,script=no,downscript=no', '-device', `e1000,netdev=n,mac=${mac}`]
    const machine = ['qemu-system-x86_64', '-nodefaults', '-display', 'none', '-no-reboot', ...network, ...args]
    const child = spawn('ip', ['netns', 'exec', this.card, ...machine], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#children.push(child)
    return child
  }

  ask(...args: string[]): string {
    const { stdout, stderr } = spawnSync('ip', ['netns', 'exec', this.card, process.execPath, CLIENT, ...args], {
      encoding: 'utf8',
    })
    return stdout + stderr
  }

  async cut(): Promise<void> {
    const closed = this.#children.map((child) => new Promise((resolve) => child.on('close', resolve)))
    for (const child of this.#children) child.kill()
    await Promise.all(closed)
    for (const netns of [this.head, this.card]) spawnSync('ip', ['netns', 'delete', netns])
  }
}

export function ip(...args: string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`)
}

/** Why there can be no cable here, or false. */
export function cannotCable(): string | false {
  if (process.getuid?.() !== 0) return 'needs root, for network namespaces'
  const missing = without('ip', 'dnsmasq')
  if (missing !== false) return missing
  const name = `tsmpi-try-${process.pid}`
  if (spawnSync('ip', ['netns', 'add', name]).status !== 0) return 'network namespaces are not allowed here'
  spawnSync('ip', ['netns', 'delete', name])
  return false
}
