/**
 * Loads the program into a rank's thread: from a file, from the installation, or from the text the launcher made. A text
 * leaves no file behind: it is imported as a data URL, and stack traces are translated to the lines the user wrote.
 */
import { SourceMap, type SourceMapPayload } from 'node:module'
import { INSTALLATION, type Program } from './job-description.ts'

/** Folder of this installation, which holds index.js. */
const ROOT = new URL('../../', import.meta.url).href

/** Runs the program's top level; resolves or rejects as its module does. */
export async function loadProgram(program: Program): Promise<void> {
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

const INLINE_MAP = /\n\/\/# sourceMappingURL=data:application\/json;base64,([A-Za-z0-9+/=]+)\s*$/

async function importText(text: string, url: string): Promise<void> {
  const map = INLINE_MAP.exec(text)
  const code = map === null ? text : text.slice(0, map.index)
  if (map !== null) {
    const payload = JSON.parse(Buffer.from(map[1] as string, 'base64').toString()) as SourceMapPayload
    translateStacks(url, new SourceMap(payload))
  }
  const named = `${code}\n//# sourceURL=${url}`
  await import(`data:text/javascript;base64,${Buffer.from(named).toString('base64')}`)
}

/** Stack traces name the lines of the sources instead of those of the text called `url`. */
function translateStacks(url: string, map: SourceMap): void {
  Error.prepareStackTrace = (error, frames) =>
    [String(error), ...frames.map((frame) => `    at ${translated(frame, url, map)}`)].join('\n')
}

function translated(frame: NodeJS.CallSite, url: string, map: SourceMap): string {
  const line = frame.getLineNumber()
  const column = frame.getColumnNumber()
  if (frame.getScriptNameOrSourceURL() !== url || line === null || column === null) return frame.toString()
  const entry = map.findEntry(line - 1, column - 1)
  if (!('originalSource' in entry)) return frame.toString()
  const file = new URL(entry.originalSource, url).pathname
  const place = `${decodeURIComponent(file)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
  const name = frame.getFunctionName()
  return name === null ? place : `${frame.isAsync() ? 'async ' : ''}${name} (${place})`
}
