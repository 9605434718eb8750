/** The options of tsmpirun about what goes between the user and the ranks: output, standard input, signals. */

import { FORWARDABLE, type InputTarget } from '../agent/job-description.ts'

export interface IoOptions {
  /** Begin each line with its rank. */
  readonly tag: boolean
  /** Begin each line with the time. */
  readonly timestamps: boolean
  /** Where every rank's output is written to files of its own; `copy`: and shown as well. */
  readonly files: { readonly folder: string; readonly copy: boolean } | undefined
  readonly input: InputTarget
  readonly forwarded: readonly NodeJS.Signals[]
  /** The user has named the signals: the program lives by them. */
  readonly forwardedByName: boolean
}

export const IO_OPTIONS = {
  'tag-output': { type: 'boolean', default: false, describe: 'Begin each line of output with its rank: [3] ...' },
  'timestamp-output': {
    type: 'boolean',
    default: false,
    describe: 'Begin each line of output with the time at which it came',
  },
  'output-filename': {
    type: 'string',
    requiresArg: true,
    describe: 'Write the output of rank R to DIR/rank.R/stdout and stderr too; with DIR:nocopy only there',
  },
  stdin: { type: 'string', requiresArg: true, default: '0', describe: 'Rank that gets standard input, all or none' },
  'forward-signals': {
    type: 'string',
    requiresArg: true,
    describe: 'Signals to hand on to the ranks, which may wake them: a list such as USR1,USR2, or none [default: USR2]',
  },
} as const

/** Options as they were given, each at most once. */
interface Given {
  readonly tagOutput: boolean
  readonly timestampOutput: boolean
  readonly outputFilename: string | undefined
  readonly stdin: string | undefined
  readonly forwardSignals: string | undefined
}

/** Reads the options; what is wrong with them is added to `problems`. */
export function readIoOptions(given: Given, problems: string[]): IoOptions {
  return {
    tag: given.tagOutput,
    timestamps: given.timestampOutput,
    files: filesOf(given.outputFilename),
    input: inputTarget(given.stdin ?? '0', problems),
    forwarded: forwardedSignals(given.forwardSignals ?? 'USR2', problems),
    forwardedByName: given.forwardSignals !== undefined,
  }
}

/** Open MPI's way to say that output goes to the files only. */
const NO_COPY = /:nocopy$/

function filesOf(name: string | undefined): IoOptions['files'] {
  return name === undefined ? undefined : { folder: name.replace(NO_COPY, ''), copy: !NO_COPY.test(name) }
}

function inputTarget(text: string, problems: string[]): InputTarget {
  if (text === 'all' || text === 'none') return text
  if (!/^\d+$/.test(text)) problems.push(`--stdin is ${JSON.stringify(text)}, expected a rank, all or none`)
  return Number(text)
}

function forwardedSignals(text: string, problems: string[]): NodeJS.Signals[] {
  if (text === 'none') return []
  const names = text.split(',').map((word) => `SIG${word.trim().toUpperCase().replace(/^SIG/, '')}`)
  const known = FORWARDABLE.filter((signal) => names.includes(signal))
  const unknown = names.filter((name) => !known.some((signal) => signal === name))
  if (unknown.length > 0)
    problems.push(
      `--forward-signals names ${unknown.join(', ')}, expected none or a list of ${FORWARDABLE.map((name) => name.slice(3)).join(', ')}`,
    )
  return known
}
