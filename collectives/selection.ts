/**
 * Which algorithm a collective uses. The choice is data: an algorithm that the program or the launcher forced, else the
 * first rule that fits the size of the message, the number of ranks, their hosts and the operation; rules that were
 * measured on this cluster come before the built-in ones. All ranks of a call know these facts alike, so they choose alike.
 *
 * Switch points without another note are MPICH's (Thakur, Rabenseifner, Gropp, Optimization of collective communication
 * operations in MPICH, IJHPCA 19, 2005).
 */
import type { TypedArray } from '../runtime/base/element-type.ts'
import { invariant, MpiError } from '../runtime/base/errors.ts'
import { describe } from '../runtime/base/message-buffer.ts'
import {
  ALGORITHM_NAMES,
  problemsOfAlgorithms,
  type AlgorithmName,
  type Algorithms,
  type JobSelection,
  type Rule,
  type Selectable,
} from '../runtime/base/tuning.ts'
import type { Channel, Steps } from '../runtime/comm/channel.ts'
import { BOARD_NBYTES } from '../runtime/engine/board.ts'
import { allgatherBruck } from './allgather/bruck.ts'
import { allgatherRecursiveDoubling } from './allgather/recursive-doubling.ts'
import { allgatherRing } from './allgather/ring.ts'
import { allreduceRabenseifner, allreduceRabenseifnerOrdered } from './allreduce/rabenseifner.ts'
import { allreduceRecursiveDoubling } from './allreduce/recursive-doubling.ts'
import { allreduceRing } from './allreduce/ring.ts'
import { allreduceSharedHeap } from './allreduce/shared-heap.ts'
import { allreduceTwoLevelSplit } from './allreduce/two-level-split.ts'
import { allreduceTwoLevel } from './allreduce/two-level.ts'
import { allreduceWorkSharing } from './allreduce/work-sharing.ts'
import { alltoallBruck } from './alltoall/bruck.ts'
import { alltoallPairwise } from './alltoall/pairwise.ts'
import { barrierCentral } from './barrier/central.ts'
import { barrierDissemination } from './barrier/dissemination.ts'
import { barrierTwoLevel } from './barrier/two-level.ts'
import { bcastBinomial } from './bcast/binomial.ts'
import { bcastKnomial } from './bcast/k-nomial.ts'
import { bcastPipelinedChain } from './bcast/pipelined-chain.ts'
import { bcastScatterRingAllgather } from './bcast/scatter-ring-allgather.ts'
import { bcastSharedHeap } from './bcast/shared-heap.ts'
import { bcastTwoLevel } from './bcast/two-level.ts'
import { bcastWorkSharing } from './bcast/work-sharing.ts'
import type { Blocks } from './blocks.ts'
import { gatherBinomial } from './gather/binomial.ts'
import { gatherLinear } from './gather/linear.ts'
import type { Hosts } from './hosts.ts'
import type { Op } from './op.ts'
import type { ScanKind } from './power-of-two.ts'
import { reduceBinomial } from './reduce/binomial.ts'
import { reduceFoldedBinomial } from './reduce/folded-binomial.ts'
import { reduceRingGather } from './reduce/ring-gather.ts'
import { reduceWorkSharing } from './reduce/work-sharing.ts'
import { reduceScatterRecursiveHalving } from './reduce-scatter/recursive-halving.ts'
import { reduceScatterReduceThenScatter } from './reduce-scatter/reduce-then-scatter.ts'
import { reduceScatterRing } from './reduce-scatter/ring.ts'
import { scanPipelinedChain } from './scan/pipelined-chain.ts'
import { scanRecursiveDoubling } from './scan/recursive-doubling.ts'
import { scanWorkSharing } from './scan/work-sharing.ts'
import { scatterBinomial } from './scatter/binomial.ts'
import { scatterLinear } from './scatter/linear.ts'

export type { Algorithms, Selectable } from '../runtime/base/tuning.ts'

/** How a communicator chooses. */
export interface Selection extends JobSelection {
  /** Only algorithms that combine operands in one fixed tree over the ranks. */
  readonly reproducible?: boolean
}

/** What a choice may depend on. */
export interface Facts {
  /** Bytes of the whole vector: of the root's buffer, of all blocks of a rank together, or of the elements reduced. */
  readonly nbytes: number
  /** Ranks. */
  readonly size: number
  /** Where the ranks run; ranks of one host read each other's memory. */
  readonly hosts: Pick<Hosts, 'count' | 'uniform'>
  /** The operation of a reduction. */
  readonly op?: Op | undefined
}

interface Operands {
  barrier: [hosts: Hosts]
  bcast: [data: TypedArray, root: number, hosts: Hosts]
  allreduce: [data: TypedArray, op: Op, hosts: Hosts]
  allgather: [blocks: Blocks]
  alltoall: [sent: Blocks, received: Blocks]
  gather: [mine: TypedArray, blocks: Blocks, root: number]
  scatter: [blocks: Blocks, mine: TypedArray, root: number]
  reduce: [data: TypedArray, op: Op, root: number]
  reduceScatter: [blocks: Blocks, op: Op]
  scan: [data: TypedArray, op: Op, kind: ScanKind]
}
/** What an algorithm of a collective is called with. */
export type Algorithm<K extends Selectable> = (channel: Channel, ...operands: Operands[K]) => Steps

/** What an algorithm needs to be right, besides its arguments. */
interface Demands {
  /** It reorders operands. */
  readonly commutative?: true
  /** It splits vectors. */
  readonly elementwise?: true
  /** It pairs ranks by the bits of their numbers. */
  readonly powerOfTwo?: true
  /** All ranks must share a host. */
  readonly oneHost?: true
  /** It makes sense only if some host has several ranks. */
  readonly sharedHosts?: true
  /** It has a part for each rank of a host and the ranks at the same place of all hosts. */
  readonly uniformHosts?: true
  /**
   * It combines in the tree of power-of-two.ts: after the fold, aligned groups of 2^k, lower operand first. What is
   * computed then depends on the number of ranks alone.
   */
  readonly canonical?: true
}

const REORDERING: Demands = { commutative: true, elementwise: true }

type Table<K extends Selectable> = {
  readonly algorithms: { readonly [N in AlgorithmName<K>]: readonly [Algorithm<K>, Demands?] }
  readonly rules: readonly Rule<K>[]
}

const TABLES: { readonly [K in Selectable]: Table<K> } = {
  barrier: {
    algorithms: {
      dissemination: [barrierDissemination],
      central: [barrierCentral],
      'two-level': [barrierTwoLevel, { sharedHosts: true }],
    },
    rules: [
      // 4 ranks on 2 hosts: 0.65 ms, dissemination 0.91 ms.
      { oneHost: false, algorithm: 'two-level' },
      { algorithm: 'dissemination' },
    ],
  },
  bcast: {
    algorithms: {
      binomial: [bcastBinomial],
      'k-nomial': [bcastKnomial],
      'scatter-ring-allgather': [bcastScatterRingAllgather],
      'pipelined-chain': [bcastPipelinedChain],
      'shared-heap': [bcastSharedHeap],
      'two-level': [bcastTwoLevel, { sharedHosts: true }],
      'work-sharing': [bcastWorkSharing, { oneHost: true }],
    },
    rules: [
      { maxSize: 2, algorithm: 'binomial' },
      // On one host a message is one copy by its receiver, and copies share the memory's bandwidth. 4 ranks on 2 cores,
      // 4 MiB: shared work 0.42 ms, one step 1.0 ms; 256 KiB: 90 and 57 us; 128 KiB: one step 52 us, a tree 97.
      { maxSize: 8, oneHost: true, maxNbytes: 16_384, algorithm: 'binomial' },
      { maxSize: 8, oneHost: true, maxNbytes: 1_048_576, algorithm: 'shared-heap' },
      { oneHost: true, minNbytes: 1_048_577, algorithm: 'work-sharing' },
      { maxNbytes: 12_288, algorithm: 'binomial' },
      { maxNbytes: 524_288, minSize: 8, algorithm: 'scatter-ring-allgather' },
      { maxNbytes: 524_288, algorithm: 'binomial' },
      { algorithm: 'pipelined-chain' },
    ],
  },
  allreduce: {
    algorithms: {
      'recursive-doubling': [allreduceRecursiveDoubling, { canonical: true }],
      rabenseifner: [allreduceRabenseifner, REORDERING],
      'rabenseifner-ordered': [allreduceRabenseifnerOrdered, { elementwise: true, canonical: true }],
      ring: [allreduceRing, REORDERING],
      'shared-heap': [allreduceSharedHeap, { elementwise: true }],
      'two-level': [allreduceTwoLevel, { ...REORDERING, sharedHosts: true }],
      'two-level-split': [allreduceTwoLevelSplit, { ...REORDERING, sharedHosts: true, uniformHosts: true }],
      'work-sharing': [allreduceWorkSharing, { oneHost: true, elementwise: true, canonical: true }],
    },
    rules: [
      // What the board of a host gives (small-calls.ts), to the last bit: a call does not change when that is founded.
      { oneHost: true, maxNbytes: 65_536, algorithm: 'recursive-doubling' },
      { maxNbytes: 2048, algorithm: 'recursive-doubling' },
      // 2 ranks on 2 cores, 128 KiB: 36 us, Rabenseifner's algorithm 59; 4 MiB: 0.7 and 1.0 ms; 8 ranks: 3.5 and 7.9 ms.
      { oneHost: true, minNbytes: 65_537, algorithm: 'work-sharing' },
      // 4 ranks on 2 hosts, 4 MiB: 27 ms, Rabenseifner's 33.
      { oneHost: false, minNbytes: 1_048_577, algorithm: 'two-level' },
      { powerOfTwo: true, algorithm: 'rabenseifner' },
      { maxNbytes: 65_536, algorithm: 'rabenseifner' },
      { algorithm: 'ring' },
      { algorithm: 'rabenseifner-ordered' },
      { algorithm: 'recursive-doubling' },
    ],
  },
  allgather: {
    algorithms: {
      'recursive-doubling': [allgatherRecursiveDoubling, { powerOfTwo: true }],
      bruck: [allgatherBruck],
      ring: [allgatherRing],
    },
    rules: [
      { maxNbytes: 524_288, powerOfTwo: true, algorithm: 'recursive-doubling' },
      { maxNbytes: 81_920, algorithm: 'bruck' },
      { algorithm: 'ring' },
    ],
  },
  alltoall: {
    algorithms: { bruck: [alltoallBruck], pairwise: [alltoallPairwise] },
    rules: [{ maxBlockNbytes: 256, minSize: 4, algorithm: 'bruck' }, { algorithm: 'pairwise' }],
  },
  gather: {
    algorithms: { linear: [gatherLinear], binomial: [gatherBinomial] },
    // 2 to 64 ranks on 2 cores: linear takes 0.1 to 1.0 of the time, whatever the length; 8 ranks on one host, 8 KiB blocks:
    // 113 us, binomial 286; on 2 hosts 0.35 and 1.7 ms. Above 64 by cost, not measured: the root has too much to do alone.
    rules: [{ minSize: 65, maxBlockNbytes: 1024, algorithm: 'binomial' }, { algorithm: 'linear' }],
  },
  scatter: {
    algorithms: { linear: [scatterLinear], binomial: [scatterBinomial] },
    // 2 to 16 ranks on 2 cores: 0.1 to 1.0 of the time; 8 ranks on one host, 8 KiB blocks: 73 us, binomial 133; on 2 hosts
    // 0.32 and 0.45 ms. Undecided: 32 ranks, 8 B (2.5 by the least times, 0.8 by medians); 8 hosts, up to 1 KiB (0.9 to 1.2).
    rules: [{ minSize: 65, maxBlockNbytes: 1024, algorithm: 'binomial' }, { algorithm: 'linear' }],
  },
  reduce: {
    algorithms: {
      binomial: [reduceBinomial],
      'folded-binomial': [reduceFoldedBinomial, { canonical: true }],
      'ring-gather': [reduceRingGather, REORDERING],
      'work-sharing': [reduceWorkSharing, { oneHost: true, elementwise: true, canonical: true }],
    },
    rules: [
      { oneHost: true, maxNbytes: 65_536, algorithm: 'folded-binomial' }, // as for allreduce
      // 4 ranks on 2 cores, 4 MiB: 1.1 ms, ring 3.7 ms; 512 KiB: 0.26 and 0.58 ms.
      { oneHost: true, algorithm: 'work-sharing' },
      { maxNbytes: 65_536, algorithm: 'binomial' },
      { minSize: 3, algorithm: 'ring-gather' },
      { algorithm: 'binomial' },
      { algorithm: 'folded-binomial' },
    ],
  },
  reduceScatter: {
    algorithms: {
      'recursive-halving': [reduceScatterRecursiveHalving, REORDERING],
      ring: [reduceScatterRing, REORDERING],
      'reduce-then-scatter': [reduceScatterReduceThenScatter, { canonical: true }],
    },
    rules: [
      { oneHost: true, maxNbytes: BOARD_NBYTES, algorithm: 'reduce-then-scatter' }, // as for allreduce
      { maxNbytes: 524_288, algorithm: 'recursive-halving' },
      { algorithm: 'ring' },
      { algorithm: 'reduce-then-scatter' },
    ],
  },
  // And of exscan.
  scan: {
    algorithms: {
      'recursive-doubling': [scanRecursiveDoubling, { canonical: true }],
      'pipelined-chain': [scanPipelinedChain, { elementwise: true }],
      'work-sharing': [scanWorkSharing, { oneHost: true, elementwise: true, canonical: true }],
    },
    rules: [
      { oneHost: true, maxNbytes: 65_536, algorithm: 'recursive-doubling' }, // as for allreduce
      // 4 ranks on 2 cores, 1 MiB: 0.29 ms, chain 0.32; 4 MiB: 1.6 and 1.9 ms, recursive doubling more than 5.
      { oneHost: true, algorithm: 'work-sharing' },
      // By cost, with a rank a host and 1 Gbit/s. 4 ranks on 2 hosts, 1 MiB: 3.9 ms, recursive doubling 9.3; 4 MiB: 13 and 34 ms.
      { maxSize: 3, algorithm: 'pipelined-chain' },
      { maxSize: 4, minNbytes: 262_144, algorithm: 'pipelined-chain' },
      { maxSize: 8, minNbytes: 524_288, algorithm: 'pipelined-chain' },
      { maxSize: 64, minNbytes: 2_097_152, algorithm: 'pipelined-chain' },
      { minNbytes: 8_388_608, algorithm: 'pipelined-chain' },
      { algorithm: 'recursive-doubling' },
    ],
  },
}

/** The algorithm for a call. One that was forced or tuned but cannot serve the call gives way to the next rule. */
export function select<K extends Selectable>(collective: K, facts: Facts, selection: Selection): Algorithm<K> {
  return TABLES[collective].algorithms[nameOf(collective, facts, selection)][0]
}

/** The name of the algorithm for a call. */
export function nameOf<K extends Selectable>(collective: K, facts: Facts, selection: Selection): AlgorithmName<K> {
  const forced: AlgorithmName<K> | undefined = selection.forced?.[collective]
  if (forced !== undefined && serves(collective, forced, facts, selection)) return forced
  const found =
    firstFit(collective, selection.tuned?.[collective] ?? [], facts, selection) ??
    firstFit(collective, TABLES[collective].rules, facts, selection)
  invariant(found !== undefined, `a selection table of ${collective} without a last rule that fits everything`)
  return found
}

function firstFit<K extends Selectable>(
  collective: K,
  rules: readonly Rule<K>[],
  facts: Facts,
  selection: Selection,
): AlgorithmName<K> | undefined {
  for (const rule of rules)
    if (fits(rule, facts) && serves(collective, rule.algorithm, facts, selection)) return rule.algorithm
  return undefined
}

/** True if the algorithm is right for the call. */
export function serves<K extends Selectable>(
  collective: K,
  name: AlgorithmName<K>,
  { op, hosts, size }: Pick<Facts, 'op' | 'hosts' | 'size'>,
  { reproducible = false }: Selection = {},
): boolean {
  const demands: Demands = TABLES[collective].algorithms[name][1] ?? {}
  if (demands.oneHost === true && hosts.count > 1) return false
  if (demands.powerOfTwo === true && !isPowerOfTwo(size)) return false
  if (demands.sharedHosts === true && hosts.count === size) return false
  if (demands.uniformHosts === true && !hosts.uniform) return false
  if (op === undefined) return true
  if (demands.commutative === true && !op.commutative) return false
  if (demands.elementwise === true && op.unit === Infinity) return false
  return !reproducible || demands.canonical === true
}

function fits(rule: Rule, { nbytes, size, hosts }: Facts): boolean {
  if (rule.maxNbytes !== undefined && nbytes > rule.maxNbytes) return false
  if (rule.minNbytes !== undefined && nbytes < rule.minNbytes) return false
  if (rule.maxBlockNbytes !== undefined && nbytes > rule.maxBlockNbytes * size) return false
  if (rule.minSize !== undefined && size < rule.minSize) return false
  if (rule.maxSize !== undefined && size > rule.maxSize) return false
  if (rule.oneHost !== undefined && rule.oneHost !== (hosts.count === 1)) return false
  return rule.powerOfTwo === undefined || rule.powerOfTwo === isPowerOfTwo(size)
}

function isPowerOfTwo(size: number): boolean {
  return (size & (size - 1)) === 0
}

/** @throws {MpiError} MPI_ERR_ARG if a name in `algorithms` is none that exists */
export function checkAlgorithms(call: string, algorithms: Algorithms | null): void {
  if (typeof algorithms !== 'object' || algorithms === null)
    throw new MpiError(
      'MPI_ERR_ARG',
      `${call}: algorithms is ${describe(algorithms)}, expected { collective: algorithm }`,
    )
  const [problem] = problemsOfAlgorithms(algorithms)
  if (problem !== undefined) throw new MpiError('MPI_ERR_ARG', `${call}: algorithms has ${problem}`)
}

/** Names of all algorithms, by collective. */
export function algorithmNames(): { readonly [K in Selectable]: readonly AlgorithmName<K>[] } {
  return ALGORITHM_NAMES
}
