/** A message of more bytes than a Uint8Array of Node 20 can name, most of which nobody touches. */
import { freemem } from 'node:os'

/** Doubles: 64 bytes beyond 4 GiB. */
export const LENGTH = 2 ** 29 + 8

/** Elements that are not zero: both ends, and around the slices that copies are made in. */
export const MARKS = [0, 2 ** 27 - 1, 2 ** 27, 2 ** 28 + 5, 2 ** 29 - 1, 2 ** 29, LENGTH - 1]

/** A sentence if the marks are not where they belong. */
export function wrongMarks(array: Float64Array): string | undefined {
  const wrong = MARKS.find((mark) => array[mark] !== mark + 1 || (!MARKS.includes(mark + 1) && array[mark + 1] !== 0))
  return wrong === undefined ? undefined : `element ${wrong} is ${array[wrong]}, the next ${array[wrong + 1]}`
}

/** Why a test that commits `gib` GiB cannot run here; false if it can. */
export function tooLittleMemory(gib: number): string | false {
  const free = freemem() / 2 ** 30
  return free < gib + 2 && `it needs ${gib + 2} GiB of free memory, this machine has ${free.toFixed(1)}`
}
