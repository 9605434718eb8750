/**
 * Placement beside Open MPI's own: the maps that its mpirun prints for the same hostfiles and options, with nothing
 * started. Left out is what differs on purpose (docs/hosts.md): max_slots, which it ignores with --oversubscribe, and
 * numbers of --host above those of the hostfile, which it takes.
 */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { parseCommandLine } from '../../../runtime/launcher/command-line.ts'
import { planLaunch } from '../../../runtime/launcher/launch-plan.ts'
import { UsageError } from '../../../runtime/launcher/usage-error.ts'
import { ALL } from '../../helpers/effort.ts'

const { spawnSync } = process.getBuiltinModule('node:child_process')
const version = spawnSync('mpirun', ['--version'], { encoding: 'utf8' }).stdout as string | null
/** Open MPI 5 places by another program, which prints other maps. */
const missing = /Open MPI\) 4\./.test(version ?? '') ? undefined : 'needs mpirun of Open MPI 4 (Debian: openmpi-bin)'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tsmpi-open-mpi-')))
t.teardown(() => rmSync(folder, { recursive: true }))
const hostfile = join(folder, 'hosts')

/** `aa 0 2 | bb 1`, or what it says instead. */
function mapOfMpirun(args: readonly string[]): string {
  const dry = ['--allow-run-as-root', '--do-not-launch', '--display-map', '--bind-to', 'none']
  const { stdout, stderr } = spawnSync('mpirun', [...dry, ...args, 'true'], {
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: folder },
  })
  const nodes = stdout.split(/^ Data for node: /m).slice(1)
  if (nodes.length === 0) return `refused: ${stderr}${stdout}`
  return nodes
    .map((node) => {
      const ranks = [...node.matchAll(/Process rank: (\d+)/g)].map(([, rank]) => Number(rank))
      return [/^\S+/.exec(node)?.[0], ...ranks.sort((a, b) => a - b)].join(' ')
    })
    .join(' | ')
}

async function mapOfOurs(args: readonly string[]): Promise<string> {
  // Where Open MPI refuses more ranks than slots, we do not, unless asked.
  const said = args.some((arg) => /oversubscribe/i.test(arg))
  try {
    const options = await parseCommandLine([...args, ...(said ? [] : ['-nooversubscribe']), '--dry-run'])
    return planLaunch(options)
      .places.map(({ name, ranks }) => [name, ...ranks].join(' '))
      .join(' | ')
  } catch (error) {
    if (error instanceof UsageError) return `refused: ${error.message}`
    throw error
  }
}

interface Asked {
  readonly file: string
  readonly args: readonly string[]
}

const NAMES = ['aa', 'bb', 'cc', 'dd']
const slots = fc.integer({ min: 1, max: 4 })

/** Lines with slots, or hosts named once for each slot. */
const file = (limits: boolean): fc.Arbitrary<{ lines: string[]; most: Map<string, number> }> =>
  fc.oneof(
    fc.array(fc.record({ count: slots, extra: fc.nat(3) }), { minLength: 1, maxLength: 4 }).map((hosts) => ({
      lines: hosts.map(({ count, extra }, i) => {
        const limit = limits && extra > 0 ? ` max_slots=${count + extra - 1}` : ''
        return `${NAMES[i]} slots=${count}${limit}`
      }),
      most: new Map(hosts.map(({ count }, i) => [NAMES[i] as string, count])),
    })),
    fc.shuffledSubarray([...NAMES, ...NAMES, ...NAMES], { minLength: 1, maxLength: 7 }).map((names) => {
      const most = new Map<string, number>()
      for (const name of names) most.set(name, (most.get(name) ?? 0) + 1)
      return { lines: names.map((name) => (most.get(name) === 1 ? `${name} slots=1` : name)), most }
    }),
  )

const mapping = fc.oneof(
  fc.constantFrom([], ['--map-by', 'slot'], ['--map-by', 'node']),
  slots.map((ranks) => ['--map-by', `ppr:${ranks}:node`]),
  slots.map((ranks) => ['-npernode', `${ranks}`]),
)

/** A hostfile with the words of a command line, some of them mpirun's with one dash. */
const asked: fc.Arbitrary<Asked> = fc
  .constantFrom('--oversubscribe', '--oversubscribe', '', '-nooversubscribe')
  .chain((over) =>
    fc
      .record({
        size: fc.integer({ min: 1, max: 10 }),
        hosts: file(over !== '--oversubscribe'),
        map: mapping,
        rank: fc.constantFrom([], [], ['--rank-by', 'slot'], ['--rank-by', 'node']),
        pick: fc.array(fc.tuple(fc.nat(3), slots), { maxLength: 2 }),
        alone: fc.boolean(),
      })
      .map(({ size, hosts: { lines, most }, map, rank, pick, alone }) => {
        const listed = new Map(pick.map(([i, count]) => [NAMES[i] as string, count]))
        const words = [...listed].flatMap(([name, count]) => {
          const known = alone ? count : Math.min(count, most.get(name) ?? 0)
          return known > 0 ? [`${name}:${known}`] : []
        })
        const list = words.length === 0 ? [] : ['-host', words.join(',')]
        return {
          file: `${lines.join('\n')}\n`,
          args: [
            ...(alone && list.length > 0 ? [] : ['-hostfile', hostfile]),
            ...list,
            ...['-np', `${size}`, ...map, ...rank, ...(over === '' ? [] : [over])],
          ],
        }
      }),
  )

t.test('ranks run where Open MPI would run them', { skip: missing ?? false }, async (t) => {
  const seen = { placed: 0, refused: 0 }
  const property = fc.asyncProperty(asked, async ({ file, args }) => {
    writeFileSync(hostfile, file)
    const [theirs, ours] = [mapOfMpirun(args), await mapOfOurs(args)]
    const refused = theirs.startsWith('refused')
    seen[refused ? 'refused' : 'placed']++
    if (refused ? !ours.startsWith('refused') : ours !== theirs)
      throw new Error(`${args.join(' ')}\n${file}Open MPI: ${theirs}\nhere:     ${ours}`)
  })
  await fc.assert(property, { numRuns: ALL ? 60 : 25 })
  t.ok(seen.placed >= 5, `${seen.placed} placed, ${seen.refused} refused`)
})
