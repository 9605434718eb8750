/**
 * The way back from the program's text, as the launcher compiled it, to the lines that the user wrote.
 */
import { SourceMap, type SourceMapPayload } from 'node:module'
import type { Program } from './job-description.ts'

const INLINE_MAP = /\n\/\/# sourceMappingURL=data:application\/json;base64,([A-Za-z0-9+/=]+)\s*$/

/** Where a compiled position comes from. */
export interface ProgramMap {
  /** Name of the compiled text in stack traces. */
  readonly url: string
  /** `file:line:column`, counted from 1; undefined if the position comes from no source. */
  place(line: number, column: number): string | undefined
}

/** The text without its map, and the map. */
export function splitMap(text: string, url: string): { code: string; map: ProgramMap | undefined } {
  const inline = INLINE_MAP.exec(text)
  if (inline === null) return { code: text, map: undefined }
  const payload = JSON.parse(Buffer.from(inline[1] as string, 'base64').toString()) as SourceMapPayload
  const sourceMap = new SourceMap(payload)
  const find = (line: number, column: number): string | undefined => {
    const entry = sourceMap.findEntry(line - 1, column - 1)
    if (!('originalSource' in entry)) return undefined
    const file = decodeURIComponent(new URL(entry.originalSource, url).pathname)
    return `${file}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
  }
  // A trace and a profile ask for the same few lines again and again, while messages wait: 15 us each, most for the URL.
  const found = new Map<string, string | undefined>()
  const place = (line: number, column: number): string | undefined => {
    const position = `${line}:${column}`
    if (!found.has(position)) found.set(position, find(line, column))
    return found.get(position)
  }
  return { code: text.slice(0, inline.index), map: { url, place } }
}

/** The map of a program, if it is one that was compiled. */
export function mapOf(program: Program): ProgramMap | undefined {
  return program.kind === 'text' ? splitMap(program.text, program.url).map : undefined
}
