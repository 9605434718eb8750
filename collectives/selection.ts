/**
 * Which algorithm a collective uses. The choice is data: the first rule that fits the size of the message, the number
 * of ranks and the operation. All ranks of a call know these facts alike, so they choose alike.
 *
 * Switch points without another note are MPICH's (Thakur, Rabenseifner, Gropp, Optimization of collective communication
 * operations in MPICH, IJHPCA 19, 2005).
 */
import { invariant, MpiError } from '../runtime/base/errors.ts'
import { allgatherBruck } from './allgather/bruck.ts'
import { allgatherRing } from './allgather/ring.ts'
import { allreduceRabenseifner } from './allreduce/rabenseifner.ts'
import { allreduceRecursiveDoubling } from './allreduce/recursive-doubling.ts'
import { allreduceRing } from './allreduce/ring.ts'
import { alltoallBruck } from './alltoall/bruck.ts'
import { alltoallPairwise } from './alltoall/pairwise.ts'
import { bcastBinomial } from './bcast/binomial.ts'
import { bcastPipelinedChain } from './bcast/pipelined-chain.ts'
import { bcastScatterRingAllgather } from './bcast/scatter-ring-allgather.ts'
import type { Op } from './op.ts'
import { reduceBinomial } from './reduce/binomial.ts'
import { reduceRingGather } from './reduce/ring-gather.ts'
import { reduceScatterRecursiveHalving } from './reduce-scatter/recursive-halving.ts'
import { reduceScatterReduceThenScatter } from './reduce-scatter/reduce-then-scatter.ts'
import { reduceScatterRing } from './reduce-scatter/ring.ts'

/** What a choice may depend on. */
export interface Facts {
  /** Bytes of the whole vector: of the root's buffer, of all blocks of a rank together, or of the elements reduced. */
  readonly nbytes: number
  /** Ranks. */
  readonly size: number
  /** True if all ranks read each other's memory. */
  readonly oneHost?: boolean
  /** The operation of a reduction. */
  readonly op?: Op | undefined
}

/** Fits if all that it names holds. */
interface Rule {
  readonly maxNbytes?: number
  /** Bytes of one of `size` blocks. */
  readonly maxBlockNbytes?: number
  readonly minSize?: number
  readonly maxSize?: number
  readonly powerOfTwo?: true
  readonly oneHost?: true
  readonly algorithm: string
}

interface Table {
  readonly algorithms: Readonly<Record<string, unknown>>
  /** Algorithms that split vectors or reorder operands: for commutative, elementwise operations only. */
  readonly reordering?: readonly string[]
  readonly rules: readonly Rule[]
}

const TABLES = {
  bcast: {
    algorithms: {
      binomial: bcastBinomial,
      'scatter-ring-allgather': bcastScatterRingAllgather,
      'pipelined-chain': bcastPipelinedChain,
    },
    rules: [
      { maxSize: 2, algorithm: 'binomial' },
      // On one host a message is one copy by its receiver, and copies share the memory's bandwidth: with 4 ranks and
      // 4 MiB the tree takes 0.7 ms, the chain 0.8 to 1.1 ms, scatter and ring 1.1 ms.
      { maxSize: 8, oneHost: true, algorithm: 'binomial' },
      { maxNbytes: 12_288, algorithm: 'binomial' },
      { maxNbytes: 524_288, minSize: 8, algorithm: 'scatter-ring-allgather' },
      { maxNbytes: 524_288, algorithm: 'binomial' },
      { algorithm: 'pipelined-chain' },
    ],
  },
  allreduce: {
    algorithms: {
      'recursive-doubling': allreduceRecursiveDoubling,
      rabenseifner: allreduceRabenseifner,
      ring: allreduceRing,
    },
    reordering: ['rabenseifner', 'ring'],
    rules: [
      { maxNbytes: 2048, algorithm: 'recursive-doubling' },
      { powerOfTwo: true, algorithm: 'rabenseifner' },
      { maxNbytes: 65_536, algorithm: 'rabenseifner' },
      { algorithm: 'ring' },
      { algorithm: 'recursive-doubling' },
    ],
  },
  allgather: {
    algorithms: { bruck: allgatherBruck, ring: allgatherRing },
    rules: [{ maxNbytes: 81_920, algorithm: 'bruck' }, { algorithm: 'ring' }],
  },
  alltoall: {
    algorithms: { bruck: alltoallBruck, pairwise: alltoallPairwise },
    rules: [{ maxBlockNbytes: 256, minSize: 4, algorithm: 'bruck' }, { algorithm: 'pairwise' }],
  },
  reduce: {
    algorithms: { binomial: reduceBinomial, 'ring-gather': reduceRingGather },
    reordering: ['ring-gather'],
    rules: [
      { maxNbytes: 65_536, algorithm: 'binomial' },
      { minSize: 3, algorithm: 'ring-gather' },
      { algorithm: 'binomial' },
    ],
  },
  reduceScatter: {
    algorithms: {
      'recursive-halving': reduceScatterRecursiveHalving,
      ring: reduceScatterRing,
      'reduce-then-scatter': reduceScatterReduceThenScatter,
    },
    reordering: ['recursive-halving', 'ring'],
    rules: [
      { maxNbytes: 524_288, algorithm: 'recursive-halving' },
      { algorithm: 'ring' },
      { algorithm: 'reduce-then-scatter' },
    ],
  },
} as const satisfies Record<string, Table>

type Tables = typeof TABLES
/** Collectives that have a choice of algorithms. */
export type Selectable = keyof Tables

/** Algorithms to use whatever the table says, for measurements and tests; the same on all ranks of a communicator. */
export type Algorithms = { readonly [K in Selectable]?: keyof Tables[K]['algorithms'] }

/** The algorithm for a call. One that was forced but cannot serve the operation gives way to the table. */
export function select<K extends Selectable>(
  collective: K,
  facts: Facts,
  forced: Algorithms,
): Tables[K]['algorithms'][keyof Tables[K]['algorithms']] {
  const table: Table = TABLES[collective]
  const choice = forced[collective] as string | undefined
  const name = choice !== undefined && serves(table, choice, facts.op) ? choice : firstFit(table, facts)
  return table.algorithms[name] as Tables[K]['algorithms'][keyof Tables[K]['algorithms']]
}

function firstFit(table: Table, facts: Facts): string {
  for (const rule of table.rules)
    if (fits(rule, facts) && serves(table, rule.algorithm, facts.op)) return rule.algorithm
  invariant(false, 'a selection table without a last rule that fits everything')
}

function serves({ reordering }: Table, algorithm: string, op: Op | undefined): boolean {
  return op === undefined || isElementwise(op) || reordering === undefined || !reordering.includes(algorithm)
}

function fits(rule: Rule, facts: Facts): boolean {
  const { nbytes, size } = facts
  if (rule.maxNbytes !== undefined && nbytes > rule.maxNbytes) return false
  if (rule.maxBlockNbytes !== undefined && nbytes > rule.maxBlockNbytes * size) return false
  if (rule.minSize !== undefined && size < rule.minSize) return false
  if (rule.maxSize !== undefined && size > rule.maxSize) return false
  if (rule.oneHost === true && facts.oneHost !== true) return false
  return rule.powerOfTwo !== true || (size & (size - 1)) === 0
}

/** True if vectors may be split and operands reordered. */
function isElementwise(op: Op): boolean {
  return op.commutative && op.unit !== Infinity
}

/** @throws {MpiError} MPI_ERR_ARG if a name in `algorithms` is none that exists */
export function checkAlgorithms(call: string, algorithms: Algorithms): void {
  for (const [collective, name] of Object.entries(algorithms)) {
    const table: Table | undefined = (TABLES as Record<string, Table>)[collective]
    const allowed = Object.keys(table?.algorithms ?? TABLES)
    if (!allowed.includes(table === undefined ? collective : name))
      throw new MpiError(
        'MPI_ERR_ARG',
        `${call}: algorithms has ${collective}: '${name}', expected ${table === undefined ? 'a collective of' : 'one of'} ${allowed.join(', ')}`,
      )
  }
}

/** Names of all algorithms, by collective. */
export function algorithmNames(): Record<Selectable, string[]> {
  const names = Object.entries(TABLES).map(([collective, { algorithms }]) => [collective, Object.keys(algorithms)])
  return Object.fromEntries(names) as Record<Selectable, string[]>
}
