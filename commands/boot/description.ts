/**
 * The description of a cluster without disks: what cluster.yaml may say. Invariant: every text in a checked description
 * can stand in a line of a shell script, of iPXE and of dnsmasq without quotes, so that the files that are rendered need
 * none; all mistakes of a file are told together, with their lines. Layer below: sweep/yaml-file.ts, addresses.ts.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { UsageError } from '../../runtime/launcher/usage-error.ts'
import { parseYaml, type YamlSource } from '../sweep/yaml-file.ts'
import { addressNumber, isHostAddress, parseMac, parseSubnet, type Subnet } from './addresses.ts'

/** Options of the kernel that the rendered files set themselves. */
const OWN_OPTIONS = ['boot', 'root', 'nfsroot', 'initrd', 'ip', 'BOOTIF', 'rdinit', 'systemd.hostname']

const name = text(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/, 'a host name: letters, digits and dashes, a letter first')
const address = z
  .string('expected an IPv4 address such as 192.168.7.1')
  .refine((value) => addressNumber(value) !== undefined, 'expected an IPv4 address such as 192.168.7.1')
const path = text(/^(\/[A-Za-z0-9_+-][A-Za-z0-9._+-]*)+$/, 'an absolute path of letters, digits and . _ + -')
const mac = parsed(parseMac, 'the MAC address of a network card, such as 6c:4b:90:12:34:56')
const kernelOptions = z
  .preprocess(
    (value) => (typeof value === 'string' ? value.split(/\s+/).filter((word) => word !== '') : value),
    z.array(
      text(/^[A-Za-z0-9_][A-Za-z0-9._,:=/@+-]*$/, 'options of the kernel such as "acpi=force reboot=pci"').refine(
        (option) => !OWN_OPTIONS.includes(option.split('=')[0] as string),
        `expected none of ${OWN_OPTIONS.join(', ')}: the rendered files set these`,
      ),
      'expected options of the kernel such as "acpi=force reboot=pci"',
    ),
  )
  .default([])

const workerSchema = mapping({ name, mac, address, slots: whole(1), 'kernel-options': kernelOptions })

const clusterSchema = mapping({
  cluster: name,
  head: mapping({
    name,
    address,
    interface: text(/^[a-z][a-z0-9_.-]{0,14}$/, 'the name of a network interface such as enp3s0'),
    slots: whole(0).default(0),
  }),
  subnet: parsed(parseSubnet, 'a network such as 192.168.7.0/24, of prefix 16 to 30, without bits of a host'),
  dhcp: z.enum(['full', 'proxy'], 'expected full (this head gives addresses) or proxy (a router does)').default('full'),
  router: address.optional(),
  dns: z.array(address, 'expected a list of addresses').default([]),
  domain: text(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'a domain such as cluster.lan').default('cluster.lan'),
  root: mapping({
    kind: z.enum(['nfs', 'ram'], 'expected nfs (one copy on the head) or ram (a copy in the memory of each worker)'),
    path: path.default('/srv/tsmpi/root'),
    suite: text(/^[a-z]+$/, 'a release of Debian such as bookworm').default('bookworm'),
    mirror: text(
      /^https?:\/\/[A-Za-z0-9.:/_~-]+$/,
      'the address of a mirror of Debian such as http://mirror.lan/debian',
    ).optional(),
    packages: z
      .array(text(/^[a-z0-9][a-z0-9+.-]+$/, 'the name of a Debian package'), 'expected a list of Debian packages')
      .default([]),
    copy: z.array(path, 'expected a list of directories of the head').default([]),
  }),
  tftp: path.default('/srv/tsmpi/tftp'),
  user: text(/^[a-z_][a-z0-9_-]{0,30}$/, 'the name of a user such as mpi').default('mpi'),
  'kernel-options': kernelOptions,
  workers: z.array(workerSchema, 'expected a list of workers').min(1, 'expected a worker at least'),
})

/** A cluster, checked, with every default in its place. */
export type Cluster = z.infer<typeof clusterSchema>
export type Worker = Cluster['workers'][number]
export type { Subnet }

/** Reads and checks a description. @throws UsageError with a line for every mistake */
export function readCluster(file: string): Cluster {
  let content: string
  try {
    content = readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError([`${file} cannot be read: ${(error as Error).message}`])
  }
  return parseCluster(content, file)
}

/**
 * Checks the text of a description. Local.
 *
 * @param file its name, for messages
 * @throws UsageError with a line for every mistake
 */
export function parseCluster(content: string, file: string): Cluster {
  const source = parseYaml(content, file)
  const checked = clusterSchema.safeParse(source.values, { reportInput: true })
  // What belongs together is looked at even if something else is wrong, as far as it can be understood.
  const problems = [
    ...(checked.error?.issues ?? []).flatMap((issue) => describeIssue(issue, source)),
    ...conflicts(understood(source.values), source),
    ...(checked.data === undefined ? [] : nestedFolders(checked.data, source)),
  ]
  // They begin with the file and the line: in the order of the lines.
  if (problems.length > 0 || checked.data === undefined)
    throw new UsageError(problems.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })))
  return checked.data
}

/** Which hosts and addresses stand for themselves; undefined for what is no text of its kind. */
interface Understood {
  readonly subnet: Subnet | undefined
  readonly hosts: readonly Seat[]
  readonly router: string | undefined
}

interface Seat {
  readonly path: readonly PropertyKey[]
  readonly name: string | undefined
  readonly address: string | undefined
  readonly mac: string | undefined
}

function understood(values: Readonly<Record<string, unknown>>): Understood {
  const workers = Array.isArray(values['workers']) ? (values['workers'] as unknown[]) : []
  const seat = (value: unknown, path: readonly PropertyKey[]): Seat => ({
    path,
    name: field(value, 'name', (text) => text),
    address: field(value, 'address', (text) => (addressNumber(text) === undefined ? undefined : text)),
    mac: field(value, 'mac', parseMac),
  })
  return {
    subnet: field(values, 'subnet', parseSubnet),
    router: field(values, 'router', (text) => (addressNumber(text) === undefined ? undefined : text)),
    hosts: [seat(values['head'], ['head']), ...workers.map((worker, index) => seat(worker, ['workers', index]))],
  }
}

function field<T>(value: unknown, key: string, parse: (text: string) => T | undefined): T | undefined {
  const text = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
  return typeof text === 'string' ? parse(text) : undefined
}

/** What only several values together show: two hosts of one name, an address outside the network. */
function conflicts({ subnet, hosts, router }: Understood, source: YamlSource): string[] {
  const seats = hosts.flatMap(({ path, address }) => (address === undefined ? [] : [{ path, address }]))
  const placed = router === undefined ? seats : [...seats, { path: [], address: router, key: 'router' }]
  const outside = placed
    .filter(({ address }) => subnet !== undefined && !isHostAddress(address, subnet))
    .map(({ path, address, ...rest }) => {
      const at = [...path, 'key' in rest ? 'router' : 'address']
      return `${source.place(at)}: ${pathText(at)}: read "${address}", expected an address of a host in ${subnet?.text}`
    })
  const twice = (['name', 'address', 'mac'] as const).flatMap((key) =>
    hosts.flatMap((host, index) => {
      const first = hosts.slice(0, index).find((other) => host[key] !== undefined && other[key] === host[key])
      if (first === undefined) return []
      const at = [...host.path, key]
      return `${source.place(at)}: ${pathText(at)}: read "${host[key]}", which ${pathText(first.path)} has already`
    }),
  )
  const routing = hosts.find(({ address }) => address !== undefined && address === router)
  const routers =
    routing === undefined || routing.path[0] === 'head'
      ? []
      : [`${source.place(['router'])}: router: read "${router}", which ${pathText(routing.path)} has already`]
  return [...outside, ...twice, ...routers]
}

/** The root and what TFTP hands out are apart: else everybody could fetch the one, or workers would see the other. */
function nestedFolders({ root, tftp }: Cluster, source: YamlSource): string[] {
  const isIn = (inner: string, outer: string): boolean => `${inner}/`.startsWith(`${outer}/`)
  if (!isIn(tftp, root.path) && !isIn(root.path, tftp)) return []
  return [`${source.place(['tftp'])}: tftp: read "${tftp}", expected a directory apart from root.path, ${root.path}`]
}

function describeIssue(issue: z.core.$ZodIssue, source: YamlSource): string[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => {
      const at = [...issue.path, key]
      return `${source.place(at)}: ${pathText(at)} is unknown; expected one of ${keysAt(issue.path).join(', ')}`
    })
  const what = issue.input === undefined ? 'is missing' : `read ${JSON.stringify(issue.input)}`
  return [`${source.place(issue.path)}: ${pathText(issue.path)}: ${what}, ${issue.message}`]
}

/** The keys that are allowed in the mapping at a path. */
function keysAt(path: readonly PropertyKey[]): string[] {
  const { head, root } = clusterSchema.shape
  const schemas = new Map<PropertyKey | undefined, { readonly shape: object }>([
    ['head', head],
    ['root', root],
    ['workers', workerSchema],
  ])
  return Object.keys((schemas.get(path[0]) ?? clusterSchema).shape)
}

/** workers[1].mac */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '')
}

function mapping<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, {
    error: ({ code }) => (code === 'invalid_type' ? `expected the keys ${Object.keys(shape).join(', ')}` : undefined),
  })
}

function text(pattern: RegExp, what: string) {
  return z.string(`expected ${what}`).regex(pattern, `expected ${what}`)
}

function whole(least: number) {
  const what = `expected a whole number from ${least} to 4096`
  return z.int(what).min(least, what).max(4096, what)
}

/** A text that a function understands; its value is what the function made of it. */
function parsed<T>(parse: (text: string) => T | undefined, what: string) {
  return z.string(`expected ${what}`).transform((value, context): T => {
    const result = parse(value)
    if (result !== undefined) return result
    context.addIssue({ code: 'custom', message: `expected ${what}` })
    return z.NEVER
  })
}
