/**
 * What the ranks of one collective call must agree on, in one number that travels with its messages: which call, the
 * root, the operation. A message whose signature differs from the receiver's own call shows a program error, which
 * `describeSignature` puts into words. Element type and length need no place here: every message carries them.
 */

/** The collective calls; the index is the code on the wire. The first is not a call: signature 0 is point-to-point. */
const CALLS = [
  'point-to-point',
  'barrier',
  'bcast',
  'scatter',
  'gather',
  'allgather',
  'alltoall',
  'reduce',
  'allreduce',
  'scan',
  'exscan',
  'reduceScatter',
  'gatherv',
  'scatterv',
  'allgatherv',
  'alltoallv',
  'bcastObject',
  'gatherObject',
  'scatterObject',
  'allgatherObject',
  'dup',
  'split',
  'alltoallObject',
  'reduceObject',
  'allreduceObject',
  'neighborAllgather',
  'neighborAllgatherv',
  'neighborAlltoall',
  'neighborAlltoallv',
  'merge',
  'scanObject',
  'exscanObject',
  'neighborAllgatherObject',
  'neighborAlltoallObject',
  'create',
  'splitType',
  'Cartcomm.create',
  'Cartcomm.sub',
  'Grid.create',
  'createGroup',
  'Distgraph.create',
  'Distgraph.createAdjacent',
  'Intercomm.create',
  'reduceScatterBlock',
] as const

export type CollectiveName = Exclude<(typeof CALLS)[number], 'point-to-point'>

/** The built-in reduction operations; the index is the code on the wire, 0 is none and the last is any of a user's own. */
const OPERATIONS = [
  'none',
  'SUM',
  'PROD',
  'MIN',
  'MAX',
  'LAND',
  'LOR',
  'LXOR',
  'BAND',
  'BOR',
  'BXOR',
  'MINLOC',
  'MAXLOC',
  'a user operation',
] as const

export type BuiltInName = Exclude<(typeof OPERATIONS)[number], 'none' | 'a user operation'>

// 6 bits of call, 4 of operation, 20 of root + 1: 30 bits, a positive int32 as the wire has it.
const OPERATION_SHIFT = 6
const ROOT_SHIFT = 10

export interface Particulars {
  readonly root?: number
  /** Name of a built-in operation, or anything else for a user's. */
  readonly op?: string
}

/** The signature of a call; never 0. */
export function signatureOf(call: CollectiveName, { root = -1, op = 'none' }: Particulars = {}): number {
  const found = (OPERATIONS as readonly string[]).indexOf(op)
  const operation = found === -1 ? OPERATIONS.length - 1 : found
  return CALLS.indexOf(call) | (operation << OPERATION_SHIFT) | ((root + 1) << ROOT_SHIFT)
}

/** 'reduce with op SUM and root 3' */
export function describeSignature(signature: number): string {
  const call = CALLS[signature & ((1 << OPERATION_SHIFT) - 1)] ?? 'an unknown call'
  const operation = (signature >> OPERATION_SHIFT) & ((1 << (ROOT_SHIFT - OPERATION_SHIFT)) - 1)
  const root = (signature >> ROOT_SHIFT) - 1
  const details = [
    ...(operation > 0 ? [`op ${OPERATIONS[operation] ?? 'unknown'}`] : []),
    ...(root >= 0 ? [`root ${root}`] : []),
  ]
  return details.length === 0 ? call : `${call} with ${details.join(' and ')}`
}
