/**
 * The collective calls on buffers by name: what the blocking, nonblocking and persistent forms of each have in common.
 * Every entry checks the arguments of its call and returns its plan. ACROSS has the same for intercommunicators.
 */
import { allgatherAcross, alltoallAcross, barrierAcross, bcastAcross, gatherAcross, scatterAcross } from './across.ts'
import { allreduceAcross, reduceAcross, reduceScatterAcross, reduceScatterBlockAcross } from './across-reductions.ts'
import { allgathervAcross, alltoallvAcross, gathervAcross, scattervAcross } from './across-vector.ts'
import { allgatherPlan, alltoallPlan, barrierPlan, bcastPlan, gatherPlan, scatterPlan } from './movement.ts'
import {
  allreducePlan,
  exscanPlan,
  reducePlan,
  reduceScatterBlockPlan,
  reduceScatterPlan,
  scanPlan,
} from './reductions.ts'
import { allgathervPlan, alltoallvPlan, gathervPlan, scattervPlan } from './vector.ts'

export const PLANS = {
  barrier: barrierPlan,
  bcast: bcastPlan,
  gather: gatherPlan,
  gatherv: gathervPlan,
  scatter: scatterPlan,
  scatterv: scattervPlan,
  allgather: allgatherPlan,
  allgatherv: allgathervPlan,
  alltoall: alltoallPlan,
  alltoallv: alltoallvPlan,
  reduce: reducePlan,
  allreduce: allreducePlan,
  scan: scanPlan,
  exscan: exscanPlan,
  reduceScatter: reduceScatterPlan,
  reduceScatterBlock: reduceScatterBlockPlan,
} as const

export const ACROSS = {
  barrier: barrierAcross,
  bcast: bcastAcross,
  gather: gatherAcross,
  gatherv: gathervAcross,
  scatter: scatterAcross,
  scatterv: scattervAcross,
  allgather: allgatherAcross,
  allgatherv: allgathervAcross,
  alltoall: alltoallAcross,
  alltoallv: alltoallvAcross,
  reduce: reduceAcross,
  allreduce: allreduceAcross,
  reduceScatter: reduceScatterAcross,
  reduceScatterBlock: reduceScatterBlockAcross,
} as const
