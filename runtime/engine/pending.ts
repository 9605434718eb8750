/** What an engine tells of itself, for reports: what is under way and what lies unreceived. World ranks. */
import type { ElementType } from '../base/element-type.ts'
import type { MatchKey } from './match-queues.ts'
import type { Operation } from './operation.ts'

/** An operation that has not ended. */
export interface Pending {
  readonly operation: Operation
  readonly kind: 'receive' | 'probe' | 'send'
  /** Sends: world rank of the receiver. */
  readonly dest?: number | undefined
  /** Bytes to send, or room to receive; undefined for objects and probes. */
  readonly nbytes: number | undefined
  /** Sends: of the collective call that they are part of, 0 for point-to-point. */
  readonly signature?: number
}

/** A message that has arrived and that nobody has received. */
export interface Unreceived extends MatchKey {
  readonly nbytes: number
  readonly elementType: ElementType
  /** Of the collective call that sent it, 0 for point-to-point. */
  readonly signature: number
  /** A probe has taken it, so that no other receive can. */
  readonly matched: boolean
}
