/**
 * The line of the program that is making a call of the library: the first frame of the stack outside of it. Costs some
 * microseconds, so that it is for the one who asks to ask seldom.
 */
import { relative } from 'node:path'
import { isOfLibrary, placeOf } from './program-loader.ts'

/** Frames of the library between the program and the one who asks, and some to spare. */
const FRAMES = 20

/** file:line:column of the program, the file relative to the working directory if it lies there; undefined if none is. */
export function callSite(): string | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error
  const holder: { stack?: readonly NodeJS.CallSite[] } = {}
  Error.stackTraceLimit = FRAMES
  Error.prepareStackTrace = (_error, frames) => frames
  try {
    Error.captureStackTrace(holder, callSite)
    const frame = holder.stack?.find(isProgram)
    return frame && fromHere(placeOf(frame))
  } finally {
    Error.prepareStackTrace = prepareStackTrace
    Error.stackTraceLimit = stackTraceLimit
  }
}

function isProgram(frame: NodeJS.CallSite): boolean {
  const url = frame.getScriptNameOrSourceURL()
  return url !== null && !url.startsWith('node:') && !isOfLibrary(frame)
}

/** A place with its file relative to the working directory if it lies there. */
export function fromHere(place: string): string {
  const path = place.startsWith('file:') ? decodeURIComponent(place.slice('file://'.length)) : place
  const inside = relative(process.cwd(), path)
  return inside.startsWith('..') ? path : inside
}
