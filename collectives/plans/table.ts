/**
 * The collective calls on buffers by name: what the blocking, nonblocking and persistent forms of each have in common.
 * Every entry checks the arguments of its call and returns its plan.
 */
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
