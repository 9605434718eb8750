/**
 * `tsmpi boot` as its users run it, and what it renders under the programs it is for: dnsmasq that answers real machines'
 * questions, shells, shellcheck and systemd. What is missing here is skipped with its name.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs' // prettier-ignore
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parseCluster } from '../../commands/boot/description.ts'
import { writeDirectory } from '../../commands/boot/directory.ts'
import { renderCluster } from '../../commands/boot/render.ts'
import { Cable, cannotCable, without } from '../helpers/boot-cable.ts'
import { start, TSMPI, type Ended } from '../helpers/tsmpirun.ts'

const { spawnSync } = process.getBuiltinModule('node:child_process')

const SAMPLE = fileURLToPath(new URL('../../examples/cluster.yaml', import.meta.url))

const folder = mkdtempSync(join(tmpdir(), 'tsmpi-test-boot-'))
t.teardown(() => rmSync(folder, { recursive: true }))

const newFolder = (): string => mkdtempSync(join(folder, 'run-'))

function tsmpi(...args: string[]): Promise<Ended> {
  return start(args, { command: TSMPI, cwd: folder }).ended
}

/** Renders the sample, changed, in this process; returns the directory. */
function render(change: (text: string) => string = (text) => text): string {
  const cwd = newFolder()
  const text = change(readFileSync(SAMPLE, 'utf8'))
  writeFileSync(join(cwd, 'cluster.yaml'), text)
  writeDirectory(join(cwd, 'out'), renderCluster(parseCluster(text, 'cluster.yaml')), false)
  return join(cwd, 'out')
}

/** All files below a directory, with their content. */
function contentOf(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort()
  return Object.fromEntries(paths.map((path) => [relative(directory, path), readFileSync(path, 'utf8')]))
}

function check(program: string, ...args: string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

t.test('check shows what is understood in 80 columns and writes nothing', async (t) => {
  const before = readdirSync(folder)
  const ended = await tsmpi('boot', 'check', SAMPLE)
  t.same([ended.code, ended.stderr], [0, ''])
  t.match(ended.stdout, /Cluster home, network 192\.168\.7\.0\/24, 12 slots\n[^]*node2 [^]*acpi=force reboot=pci\n/)
  t.same(readdirSync(folder), before)
})

t.test('render writes into its directory only, the same each time, and shell programs can be run', async (t) => {
  const cwd = newFolder()
  const directory = join(cwd, 'out')
  const ended = await tsmpi('boot', 'render', SAMPLE, '-o', directory)
  t.same([ended.code, ended.stderr], [0, ''])
  t.match(ended.stdout, /^\d+ files in .*out; .*out\/README\.md says what each is for and what to do next\n$/)
  t.same(readdirSync(cwd), ['out'])
  const files = contentOf(directory)
  t.same(contentOf(render()), files)
  for (const [path, text] of Object.entries(files)) {
    t.equal(text.startsWith('#!/bin/sh\n'), (statSync(join(directory, path)).mode & 0o111) !== 0, path)
    t.notMatch(text, /undefined|\[object/, path)
  }
  const { status, output } = check('sh', '-c', `cd ${directory} && sha256sum --check --quiet MANIFEST`)
  t.same([status, output], [0, ''])
})

t.test('a directory that holds files is not written into without --force, nor through links', async (t) => {
  const directory = render()
  const file = join(directory, '../cluster.yaml')
  const before = contentOf(directory)
  const refused = await tsmpi('boot', 'render', file, '-o', directory)
  t.same([refused.code, refused.stdout], [2, ''])
  t.match(refused.stderr, /out is not empty: name another directory, or write over it with --force\n/)

  t.comment('with --force: what is no longer there goes, what was changed is told, what is foreign stays')
  writeFileSync(file, readFileSync(file, 'utf8').replace('12:34:57', '12:34:58'))
  writeFileSync(join(directory, 'notes.txt'), 'mine')
  writeFileSync(join(directory, 'hostfile'), 'changed')
  const forced = await tsmpi('boot', 'render', file, '-o', directory, '--force')
  t.equal(forced.code, 0)
  t.match(forced.stderr, /hostfile: had been changed by hand and is written anew\n/)
  t.match(forced.stderr, /tftp\/hosts\/6c-4b-90-12-34-57\.ipxe: no longer part of the cluster and removed\n/)
  const after = contentOf(directory)
  t.same(readdirSync(join(directory, 'tftp/hosts')), ['6c-4b-90-12-34-56.ipxe', '6c-4b-90-12-34-58.ipxe'])
  t.equal(after['notes.txt'], 'mine')
  t.equal(after['hostfile'], before['hostfile'])

  t.comment('links that lead elsewhere are not followed')
  const elsewhere = newFolder()
  writeFileSync(join(elsewhere, 'dnsmasq.conf'), 'precious')
  rmSync(join(directory, 'head'), { recursive: true })
  symlinkSync(elsewhere, join(directory, 'head'))
  rmSync(join(directory, 'README.md'))
  mkdirSync(join(directory, 'README.md'))
  const linked = await tsmpi('boot', 'render', file, '-o', directory, '--force')
  t.equal(linked.code, 2)
  t.match(linked.stderr, /out\/README\.md is a directory, expected a file: nothing was written\n/)
  t.match(linked.stderr, /out\/head is a link, expected a directory: nothing was written\n/)
  t.same(contentOf(elsewhere), { 'dnsmasq.conf': 'precious' })
})

t.test('mistakes end with code 2, all together, and nothing is written', async (t) => {
  const cwd = newFolder()
  const file = join(cwd, 'bad.yaml')
  writeFileSync(
    file,
    readFileSync(SAMPLE, 'utf8').replace('slots: 4 ', 'slots: four ').replace('kind: nfs', 'kind: tape'),
  )
  for (const args of [
    ['check', file],
    ['render', file, '-o', join(cwd, 'out')],
  ]) {
    const ended = await tsmpi('boot', ...args)
    t.same([ended.code, ended.stdout], [2, ''])
    t.match(
      ended.stderr,
      /bad\.yaml, line 14: head\.slots: read "four", [^\n]*\n[^\n]*line 17: root\.kind: read "tape", /,
    )
  }
  t.same(readdirSync(cwd), ['bad.yaml'])
  t.match((await tsmpi('boot', 'check', join(cwd, 'none.yaml'))).stderr, /none\.yaml cannot be read: ENOENT/)
  t.match((await tsmpi('boot', 'render', file)).stderr, /Missing required argument: output/)
  t.match((await tsmpi('boot')).stderr, /boot: no command given; expected check or render/)
})

const VARIANTS = ['nfs', 'ram'].flatMap((kind) =>
  ['full', 'proxy'].map((dhcp) => ({
    name: `${kind}, ${dhcp} DHCP`,
    change: (text: string) => text.replace('kind: nfs', `kind: ${kind}`).replace('dhcp: full', `dhcp: ${dhcp}`),
  })),
)

for (const { name, change } of VARIANTS)
  t.test(`the rendered files pass the checks of their programs: ${name}`, async (t) => {
    const directory = render(change)
    const scripts = Object.entries(contentOf(directory)).filter(([, text]) => text.startsWith('#!/bin/sh'))
    for (const [path] of scripts) t.same(check('sh', '-n', join(directory, path)), { status: 0, output: '' }, path)
    await t.test('shellcheck', { skip: without('shellcheck') }, async (t) => {
      const paths = scripts.map(([path]) => join(directory, path))
      t.same(check('shellcheck', ...paths), { status: 0, output: '' })
    })
    await t.test('dnsmasq --test', { skip: without('dnsmasq') }, async (t) => {
      const { status, output } = check('dnsmasq', '--test', '-C', join(directory, 'head/dnsmasq.conf'))
      t.same([status, output], [0, 'dnsmasq: syntax check OK.\n'])
    })
    await t.test('systemd-analyze verify', { skip: without('systemd-analyze') }, async (t) => {
      for (const unit of ['tsmpi-workers.service', 'tsmpi-dnsmasq.service']) {
        // The programs that units name are not installed here: the rendered one, and any, take their places.
        const text = readFileSync(join(directory, 'head', unit), 'utf8')
          .replace('/usr/local/sbin/', `${directory}/head/`)
          .replace('/usr/sbin/dnsmasq', '/bin/true')
        writeFileSync(join(directory, unit), text)
        const verified = check('systemd-analyze', 'verify', '--man=no', '--recursive-errors=no', join(directory, unit))
        t.same(verified, { status: 0, output: '' }, unit)
      }
    })
    await t.test('sshd -t', { skip: without('sshd', 'ssh-keygen') }, async (t) => {
      const key = join(directory, 'key')
      check('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key)
      const file = join(directory, 'worker/etc/ssh/sshd_config.d/tsmpi.conf')
      writeFileSync(file, readFileSync(file, 'utf8').replace('/etc/ssh/ssh_host_ed25519_key', key))
      mkdirSync('/run/sshd', { recursive: true }) // what the service of sshd makes
      const sshd = spawnSync('sh', ['-c', 'command -v sshd'], { encoding: 'utf8' }).stdout.trim()
      t.same(check(sshd, '-t', '-f', file), { status: 0, output: '' })
    })
    await t.test('chronyd -p', { skip: without('chronyd') }, async (t) => {
      const { status, output } = check('chronyd', '-p', '-f', join(directory, 'head/chrony.conf'))
      t.same([status, output], [0, 'allow 192.168.7.0/24\nlocal stratum 10\n'])
    })
    if (!existsSync(join(directory, 'head/exports'))) return // workers of this one run from memory
    await t.test('exportfs', { skip: canExport() }, async (t) => {
      // In a mount namespace of its own exportfs reads these exports; the kernel here may have no NFS server.
      const script = `mount --bind ${directory}/head/exports /etc/exports && mount -t tmpfs none /var/lib/nfs && touch /var/lib/nfs/etab && exportfs -ra; exportfs -s`
      const { output } = check('unshare', '--mount', 'sh', '-c', script)
      t.notMatch(output, /syntax|unknown|bad|warning/i)
      for (const address of ['192.168.7.11', '192.168.7.12']) t.match(output, `${address}(`)
    })
  })

const linux = { skip: process.platform !== 'linux' && 'the head runs Linux' }

t.test(
  'install-head.sh can be run again after each render, and --remove takes away what it installed',
  linux,
  async (t) => {
    const directory = render()
    const root = newFolder()
    const script = join(directory, 'install-head.sh')
    // The same script on a head that is a folder, with programs that only say what they were asked.
    writeFileSync(script, readFileSync(script, 'utf8').replace(/(?<=[ <])\/(etc|usr|srv|var)\//g, `${root}/$1/`))
    const said = join(root, 'said')
    const stubs = join(root, 'stubs')
    for (const path of ['stubs', 'etc/ssh', 'etc/systemd/system', 'usr/local/sbin', 'usr/lib/ipxe', 'etc/tsmpi/home'])
      mkdirSync(join(root, path), { recursive: true })
    for (const [name, says] of [
      ['id', 'echo 0'],
      ['ip', "echo '2: enp3s0 inet 192.168.7.10/24 brd'"],
      ...['apt-get', 'systemctl', 'exportfs', 'dnsmasq'].map((name) => [name, `echo "${name} $*" >>${said}`]),
    ] as const)
      writeFileSync(join(stubs, name), `#!/bin/sh\n${says}\n`, { mode: 0o755 })
    for (const name of ['undionly.kpxe', 'snponly.efi']) writeFileSync(join(root, 'usr/lib/ipxe', name), '')
    writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n')
    const install = (...args: string[]): ReturnType<typeof check> =>
      check('env', `PATH=${stubs}:${process.env['PATH'] ?? ''}`, 'sh', script, ...args)
    const at = (path: string): string => readFileSync(join(root, path), 'utf8')

    t.match(install(), { status: 1, output: 'install-head.sh: there is no root yet: run ./make-root.sh first\n' })
    writeFileSync(join(root, 'etc/tsmpi/home/ssh_host_ed25519_key.pub'), 'ssh-ed25519 AAAA comment\n')
    const first = install()
    t.equal(first.status, 0, first.output)
    const once = contentOf(join(root, 'etc'))
    t.equal(install().status, 0)
    t.same(contentOf(join(root, 'etc')), once, 'a second time changes nothing')
    t.match(
      at('etc/hosts'),
      /^127\.0\.0\.1 localhost\n# tsmpi home begin\n[^]*192\.168\.7\.12 node2\.[^]*# tsmpi home end\n$/,
    )
    t.match(at('etc/ssh/ssh_known_hosts'), '\nnode2,node2.cluster.lan,192.168.7.12 ssh-ed25519 AAAA\n')
    t.match(at('said'), `dnsmasq --test --conf-file=head/dnsmasq.conf\n`)
    t.same(readdirSync(join(root, 'srv/tsmpi/tftp')), ['boot.ipxe', 'hosts', 'snponly.efi', 'undionly.kpxe'])
    t.same(readdirSync(join(root, 'usr/local/sbin')), ['shutdown-workers', 'wake-workers'])

    t.equal(install('--remove').status, 0)
    t.same(contentOf(join(root, 'etc')), {
      hosts: '127.0.0.1 localhost\n',
      'ssh/ssh_known_hosts': '',
      'tsmpi/home/ssh_host_ed25519_key.pub': 'ssh-ed25519 AAAA comment\n',
    })
    t.same(readdirSync(join(root, 'usr/local/sbin')), [])
    t.match(install('--purge'), { status: 1, output: 'install-head.sh: usage: ./install-head.sh [--remove]\n' })
  },
)

function canExport(): string | false {
  if (process.getuid?.() !== 0) return 'needs root'
  return without('exportfs', 'unshare') || (existsSync('/etc/exports') ? false : 'needs /etc/exports')
}

/** Renders, puts the files where the configuration says that they are, and serves them. */
async function served(cable: Cable, dhcp: string): Promise<void> {
  const tftp = join(newFolder(), 'tftp')
  const directory = render((text) => text.replace('dhcp: full', `dhcp: ${dhcp}`).replace('/srv/tsmpi/tftp', tftp))
  chmodSync(folder, 0o755)
  spawnSync('cp', ['-R', join(directory, 'tftp'), tftp])
  await cable.serve(directory)
}

t.test(
  'dnsmasq answers workers: firmware gets iPXE, iPXE its scripts, strangers nothing',
  { skip: cannotCable() },
  async (t) => {
    const cable = new Cable()
    try {
      await served(cable, 'full')
      const offer = (mac: string, kind: string): unknown => JSON.parse(cable.ask('dhcp', mac, kind))
      const node2 = { address: '192.168.7.12', nextServer: '192.168.7.10', hostName: 'node2', domain: 'cluster.lan' }
      const bios = offer('6c:4b:90:12:34:57', '0') as Record<string, string>
      t.match(bios, node2)
      t.equal(bios['file'], 'undionly.kpxe')
      t.equal(bios['router'], undefined, 'no router is announced that was not described')
      for (const [kind, file] of [
        ['7', 'snponly.efi'],
        ['9', 'snponly.efi'],
        ['ipxe', 'boot.ipxe'],
      ] as const) {
        // prettier-ignore
        t.match(offer('6c:4b:90:12:34:57', kind), { file })
      }
      t.equal(offer('6c:4b:90:12:34:99', '0'), null, 'a machine that is not in the description')
      t.match(cable.ask('tftp', '192.168.7.10', 'boot.ipxe'), /^#!ipxe\n/)
      t.match(
        cable.ask('tftp', '192.168.7.10', 'hosts/6c-4b-90-12-34-57.ipxe'),
        / acpi=force reboot=pci \|\| goto failed\n/,
      )
      t.match(cable.ask('tftp', '192.168.7.10', '../cluster.yaml'), /not found|Access|illegal/i)
    } finally {
      await cable.cut()
    }
  },
)

t.test('beside a router dnsmasq gives no address, but says what to boot', { skip: cannotCable() }, async (t) => {
  const cable = new Cable()
  try {
    await served(cable, 'proxy')
    for (const [kind, file] of [
      ['0', 'undionly.kpxe'],
      ['7', 'snponly.efi'],
      ['9', 'snponly.efi'],
      ['ipxe', 'boot.ipxe'],
    ] as const) {
      // prettier-ignore
      const offer = JSON.parse(cable.ask('dhcp', '6c:4b:90:12:34:57', kind)) as Record<string, string>
      t.match(offer, { server: '192.168.7.10', vendorClass: 'PXEClient', hostName: undefined, router: undefined }, kind)
      t.equal(offer['file'], file)
    }
    t.equal(JSON.parse(cable.ask('dhcp', '6c:4b:90:12:34:99', '0')), null)
  } finally {
    await cable.cut()
  }
})
