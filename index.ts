/**
 * tsmpi: message passing in the manner of MPI, for TypeScript and JavaScript. Public API and composition root.
 *
 * A program hands its SPMD body to `run`. Started by `tsmpirun`, each rank gets its end of the job's network; started by
 * node alone, the program is a world of one.
 *
 * An example here is the body of `run(async ({ world, log, … }) => { … })` on four ranks, with everything imported from
 * 'tsmpi', unless it imports for itself; `log(…) // → text` says what the line logs.
 *
 * @module tsmpi
 */
export { run, type RankContext } from './run.ts'
export type { ProgressReport } from './runtime/agent/job-description.ts'
export { ANY_SOURCE, ANY_TAG, IN_PLACE, PROC_NULL, ROOT, TAG_UB, UNDEFINED } from './runtime/base/constants.ts'
export { MpiError, type MpiErrorClass } from './runtime/base/errors.ts'
export type { TypedArray } from './runtime/base/element-type.ts'
export type { MessageBuffer, NdView } from './runtime/base/message-buffer.ts'
export { Comm } from './runtime/comm/comm.ts'
export type { BlockingRecvOptions, RecvOptions, SendOptions, SendrecvOptions } from './runtime/comm/options.ts'
export { Group, type RankRange } from './runtime/comm/group.ts'
export { Message } from './runtime/comm/message.ts'
export { ObjectRequest } from './runtime/comm/object-request.ts'
export {
  ERRORS_ARE_FATAL,
  ERRORS_RETURN,
  ERRORS_THROW,
  Keyval,
  type ErrorHandler,
  type KeyvalOptions,
} from './runtime/comm/properties.ts'
export {
  PersistentRequest,
  Request,
  startAll,
  testAll,
  testAny,
  testSome,
  waitAll,
  waitAny,
  waitSome,
  type Completion,
  type WaitOptions,
} from './runtime/comm/request.ts'
export type { Received, Status } from './runtime/comm/status.ts'
export { Intracomm, type DupOptions } from './collectives/intracomm.ts'
export { Intercomm, type IntercommOptions } from './collectives/intercomm.ts'
export type { IntercommRootOptions } from './collectives/plans/across.ts'
export type { IntercommReduceOptions } from './collectives/plans/across-reductions.ts'
export type { IntercommBlockOptions } from './collectives/plans/across-vector.ts'
export type {
  AlltoallvOptions,
  InPlace,
  OpArgument,
  ReduceOptions,
  ReduceScatterOptions,
  RootBlockOptions,
  RootOptions,
} from './collectives/options.ts'
export { CollectiveRequest, PersistentCollective } from './collectives/requests.ts'
export type { BlockOptions } from './collectives/arguments.ts'
export type { Algorithms } from './collectives/selection.ts'
export { Grid, type GridOptions, type GridOrder } from './collectives/topology/grid.ts'
export {
  BAND,
  BOR,
  BXOR,
  LAND,
  LOR,
  LXOR,
  MAX,
  MAXLOC,
  MIN,
  MINLOC,
  Op,
  PROD,
  SUM,
  type OpOptions,
  type ReduceFunction,
} from './collectives/op.ts'
export { Cartcomm, type CartOptions, type Shift } from './collectives/topology/cart.ts'
export { Distgraph, type AdjacentOptions, type GraphEdge } from './collectives/topology/distgraph.ts'
export { TopologyComm } from './collectives/topology/topology-comm.ts'
export type { Hosts } from './collectives/hosts.ts'
export { dimsCreate } from './collectives/topology/dims.ts'
