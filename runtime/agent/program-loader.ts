/**
 * Loads the program into a rank's thread: from a file, from the installation, or from the text the launcher made. A text
 * leaves no file behind: it is imported as a data URL, and stack traces are translated to the lines the user wrote.
 */
import { register } from 'node:module'
import type { ImportPlace } from './import-hooks.ts'
import { INSTALLATION, type Program } from './job-description.ts'
import { splitMap, type ProgramMap } from './program-map.ts'

/** Folder of this installation, which holds index.js. */
const ROOT = new URL('../../', import.meta.url).href

/** The library, not the programs that come with it. */
const LIBRARY = ['runtime/', 'collectives/', 'run.'].map((path) => ROOT + path)
/** Frames of the library that may lie between an error and the program: a trace shows as many of its own as before. */
const LIBRARY_FRAMES = 20
const { stackTraceLimit: SHOWN_FRAMES } = Error

/** The way back from the program's text, as compiled, to its sources. */
let compiled: ProgramMap | undefined

/** Runs the program's top level; resolves or rejects as its module does. */
export async function loadProgram(program: Program): Promise<void> {
  Error.prepareStackTrace = formatStack
  Error.stackTraceLimit = SHOWN_FRAMES + LIBRARY_FRAMES
  switch (program.kind) {
    case 'file':
      await import(program.url)
      return
    case 'builtin':
      await import(ROOT + program.module)
      return
    case 'text':
      await importText(program.text.replaceAll(INSTALLATION, ROOT), program.url)
  }
}

async function importText(text: string, url: string): Promise<void> {
  const { code, map } = splitMap(text, url)
  compiled = map
  if (COMPUTED_IMPORT.test(code)) findImportsOf(url)
  const named = `${code}\n//# sourceURL=${url}`
  await import(`data:text/javascript;base64,${Buffer.from(named).toString('base64')}`)
}

/** An import whose name is no constant, or of a package that was not found: what it means is known when it happens. */
const COMPUTED_IMPORT = /\bimport\s*\(\s*(?!["'](?:file|node|data):)/

/** The loader's hooks live in a thread of their own: only programs that need them pay for it. */
function findImportsOf(program: string): void {
  const hooks = new URL(`./import-hooks${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
  const data: ImportPlace = { program, root: ROOT }
  register(hooks, { data })
}

/**
 * Stack traces name the lines that the user wrote, and end where the program begins. The library's own lines are left out:
 * all of them if an MpiError says what the program did wrong, otherwise those below the program's.
 */
function formatStack(error: Error, frames: readonly NodeJS.CallSite[]): string {
  const own = frames.findIndex((frame) => isLoader(frame.getScriptNameOrSourceURL()))
  const inside = frames.slice(0, own === -1 ? frames.length : own).filter((frame) => !isNodeInternal(frame))
  const isOfProgram = (frame: NodeJS.CallSite): boolean => !isOfLibrary(frame)
  // What has no file, `recv.next (<anonymous>)`, is called by the library as long as no line of the program has come.
  const first = inside.findIndex((frame) => isOfProgram(frame) && frame.getScriptNameOrSourceURL() !== null)
  const program = first === -1 ? [] : inside.slice(first).filter(isOfProgram)
  const above = error.name === 'MpiError' ? [] : inside.slice(0, first === -1 ? inside.length : first)
  // However deep the library is in its own calls, the program's line is told.
  const shown = [...above.slice(0, SHOWN_FRAMES - Math.min(program.length, SHOWN_FRAMES / 2)), ...program]
  return [String(error), ...shown.slice(0, SHOWN_FRAMES).map((frame) => `    at ${describeFrame(frame)}`)].join('\n')
}

/** True for a frame of the library, not of the programs that come with it. */
export function isOfLibrary(frame: NodeJS.CallSite): boolean {
  const url = frame.getScriptNameOrSourceURL()
  return url !== null && LIBRARY.some((prefix) => url.startsWith(prefix))
}

/** This folder's code is what every program is called by. */
function isLoader(url: string | null): boolean {
  return url?.startsWith(new URL('./', import.meta.url).href) ?? false
}

function isNodeInternal(frame: NodeJS.CallSite): boolean {
  return frame.getScriptNameOrSourceURL()?.startsWith('node:internal/') ?? false
}

function describeFrame(frame: NodeJS.CallSite): string {
  const place = originalPlace(frame)
  if (place === undefined) return frame.toString()
  const name = frame.getFunctionName()
  return name === null ? place : `${frame.isAsync() ? 'async ' : ''}${name} (${place})`
}

/** The place of a frame in the source that the user wrote, or undefined if its text was not compiled by us. */
function originalPlace(frame: NodeJS.CallSite): string | undefined {
  const line = frame.getLineNumber()
  const column = frame.getColumnNumber()
  if (compiled === undefined || frame.getScriptNameOrSourceURL() !== compiled.url || line === null || column === null)
    return undefined
  return compiled.place(line, column)
}

/** file:line:column of a frame, as the user wrote it. */
export function placeOf(frame: NodeJS.CallSite): string {
  return (
    originalPlace(frame) ?? `${frame.getScriptNameOrSourceURL()}:${frame.getLineNumber()}:${frame.getColumnNumber()}`
  )
}
