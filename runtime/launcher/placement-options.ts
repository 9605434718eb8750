/** The options of tsmpirun that say which rank runs where: their description for yargs, and what they mean. */
import { once, positiveInteger } from './option-values.ts'
import type { Mapping, Oversubscription, Ranking } from './placement.ts'

/** What --map-by can ask for: a rankfile has an option of its own. */
type AskedMapping = Exclude<Mapping, { by: 'rankfile' }>

/** How ranks are placed, as asked for. */
export interface PlacementOptions {
  /** undefined: by slot. */
  readonly mapping: AskedMapping | undefined
  /** undefined: as the ranks are mapped. */
  readonly ranking: Ranking | undefined
  readonly oversubscription: Oversubscription
  readonly rankfile: string | undefined
  /** Hosts to leave out, as a list. */
  readonly exclude: string | undefined
  /** Each rank on a core of its own; 'overload': cores are shared if there are more ranks. */
  readonly bindToCore: boolean | 'overload'
  /** What is printed: where the ranks will run, and what they are bound to once they are. */
  readonly display: ReadonlySet<Display>
  /** Print where the ranks would run, and start nothing. */
  readonly dryRun: boolean
}

export type Display = 'map' | 'bind'

const text = { type: 'string', requiresArg: true } as const
const flag = { type: 'boolean', default: false } as const

/** For yargs. */
export const PLACEMENT = {
  exclude: { type: 'string', array: true, nargs: 1, describe: 'Leave these hosts out: a,b' },
  N: {
    alias: ['npernode', 'ppn', 'perhost'],
    ...text,
    describe: 'Ranks on each host; the same as --map-by ppr:N:node',
  },
  'map-by': {
    ...text,
    describe: 'slot: fill hosts one by one; node: deal ranks round; ppr:N:node: N on each; seq; speed',
  },
  'rank-by': { ...text, describe: 'slot: number all ranks of a host, then the next; node: one of each host in turn' },
  rankfile: { alias: 'rf', ...text, describe: 'File with a line for each rank: rank 0=HOST slot=CORES' },
  'bind-to': { ...text, describe: 'core: keep each rank on a core of its own; none [default]' },
  oversubscribe: { ...flag, describe: 'More ranks than slots are meant: do not mention them' },
  nooversubscribe: { ...flag, describe: 'More ranks than slots are an error' },
  display: {
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'map: print where the ranks run; bind: print what they are bound to',
  },
  'display-map': { ...flag, describe: 'The same as --display map' },
  'report-bindings': { ...flag, describe: 'The same as --display bind' },
  'dry-run': { ...flag, describe: 'Print where the ranks would run, and start nothing' },
} as const

/** Values of these options as yargs gives them: a text that is given twice comes as an array. */
export interface PlacementArguments {
  readonly exclude?: readonly string[] | undefined
  readonly N?: string | string[] | undefined
  readonly mapBy?: string | string[] | undefined
  readonly rankBy?: string | string[] | undefined
  readonly rankfile?: string | string[] | undefined
  readonly bindTo?: string | string[] | undefined
  readonly oversubscribe: boolean
  readonly nooversubscribe: boolean
  readonly display?: readonly string[] | undefined
  readonly displayMap: boolean
  readonly reportBindings: boolean
  readonly dryRun: boolean
}

/** What the options mean. Mistakes are added to `problems`, a line each. */
export function placementOptions(argv: PlacementArguments, problems: string[]): PlacementOptions {
  const { mapping, modifier } = mappingOf(once('--map-by', argv.mapBy, problems), problems)
  const perHost = once('-N', argv.N, problems)
  const rankfile = once('--rankfile', argv.rankfile, problems)
  const ranking = once('--rank-by', argv.rankBy, problems)?.toLowerCase()
  if (ranking !== undefined && ranking !== 'slot' && ranking !== 'node')
    problems.push(`--rank-by is ${JSON.stringify(argv.rankBy)}, expected slot or node`)
  if (perHost !== undefined && mapping !== undefined) problems.push('-N and --map-by: give one of the two')
  if (rankfile !== undefined && (perHost ?? mapping) !== undefined)
    problems.push(`--rankfile says where each rank runs: it goes with neither -N nor --map-by`)
  if (ranking !== undefined && (rankfile !== undefined || mapping?.by === 'seq'))
    problems.push(
      `--rank-by: the order of the ${rankfile === undefined ? 'hosts' : 'rankfile'} numbers the ranks already`,
    )
  return {
    mapping: perHost === undefined ? mapping : { by: 'ppr', ranks: ranksPerHost('-N', perHost, problems) },
    ranking: ranking as Ranking | undefined,
    oversubscription: oversubscriptionOf(argv, modifier, problems),
    rankfile,
    exclude: argv.exclude?.join(','),
    bindToCore: bindingOf(once('--bind-to', argv.bindTo, problems), problems),
    display: displayOf(argv, problems),
    dryRun: argv.dryRun,
  }
}

const MODIFIERS: ReadonlyMap<string | undefined, Oversubscription> = new Map([
  ['oversubscribe', 'allow'],
  ['nooversubscribe', 'refuse'],
])

/** Reads `slot`, `ppr:2:node` and the like, with Open MPI's modifiers after a colon. */
function mappingOf(
  given: string | undefined,
  problems: string[],
): { mapping?: AskedMapping; modifier?: Oversubscription | undefined } {
  if (given === undefined) return {}
  const parts = given.toLowerCase().split(':')
  const modifier = MODIFIERS.get(parts.at(-1))
  const by = (modifier === undefined ? parts : parts.slice(0, -1)).join(':')
  const ranks = /^ppr:(.*):node$/.exec(by)?.[1]
  if (ranks !== undefined)
    return { mapping: { by: 'ppr', ranks: ranksPerHost('--map-by ppr', ranks, problems) }, modifier }
  if (by === '' && modifier !== undefined) return { modifier }
  if (by === 'slot' || by === 'node' || by === 'seq' || by === 'speed') return { mapping: { by }, modifier }
  problems.push(
    `--map-by is "${given}", expected slot, node, ppr:N:node, seq or speed; :OVERSUBSCRIBE or :NOOVERSUBSCRIBE may follow`,
  )
  return {}
}

function ranksPerHost(option: string, given: string | string[], problems: string[]): number {
  return positiveInteger(option, given, problems) ?? 1
}

function oversubscriptionOf(
  { oversubscribe, nooversubscribe }: PlacementArguments,
  modifier: Oversubscription | undefined,
  problems: string[],
): Oversubscription {
  const allow = oversubscribe || modifier === 'allow'
  const refuse = nooversubscribe || modifier === 'refuse'
  if (allow && refuse) problems.push('--oversubscribe and --nooversubscribe: give one of the two')
  return refuse ? 'refuse' : allow ? 'allow' : 'tell'
}

function bindingOf(given: string | undefined, problems: string[]): boolean | 'overload' {
  switch (given?.toLowerCase()) {
    case undefined:
    case 'none':
      return false
    case 'core':
      return true
    case 'core:overload-allowed':
      return 'overload'
    default:
      problems.push(`--bind-to is "${given}", expected none, core or core:overload-allowed`)
      return false
  }
}

function displayOf({ display = [], displayMap, reportBindings }: PlacementArguments, problems: string[]): Set<Display> {
  const words = display.flatMap((list) => list.split(',')).map((word) => word.toLowerCase())
  for (const word of words)
    if (word !== 'map' && word !== 'bind') problems.push(`--display is "${word}", expected map, bind or map,bind`)
  return new Set([
    ...(words as Display[]),
    ...(displayMap ? ['map' as const] : []),
    ...(reportBindings ? ['bind' as const] : []),
  ])
}
