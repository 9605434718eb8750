/** What is kept of an operation until it ends, for its record. Below: numbered-names.ts. */
import type { Place } from '../engine/recorder.ts'
import type { Call } from './numbered-names.ts'

/** Used again for another operation when one has ended: making them would keep the collector busy. */
export interface Mark {
  /** Nothing is kept but the call: receives that were posted in a hurry share one mark. */
  shared: boolean
  begun: number
  call: Call
  place: Place | undefined
  /** What finding the place took, between beginning and end of the call. */
  locatingMs: number
  /** Part of a collective call. */
  inner: boolean
  sends: boolean
  /** How many wait for it now. */
  waiters: number
  peer: number
  nbytes: number
  id: number
}

/** A mark to be filled. */
export function blankMark(call: Call): Mark {
  const [begun, locatingMs, place] = [0.5, 0.5, undefined] // doubles from the start
  return {
    shared: false,
    begun,
    call,
    place,
    locatingMs,
    inner: false,
    sends: false,
    waiters: 0,
    peer: 0,
    nbytes: 0,
    id: 0,
  }
}
