/** A sweep from a YAML file: its values, and the line that each was read from. Layer below: specification.ts. */
import { readFileSync } from 'node:fs'
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml'
import { UsageError } from '../../runtime/launcher/usage-error.ts'
import type { Source } from './specification.ts'

/** Values of a YAML file, and where each was read. */
export interface YamlSource extends Source {
  /** The file and the line of a value, or of what is around it: a prefix for a message. */
  place(path: readonly PropertyKey[]): string
}

/** @throws UsageError if the file cannot be read, or with a line for every mistake of its grammar */
export function yamlSource(file: string): YamlSource {
  return parseYaml(readText(file), file)
}

/**
 * Parses the text of such a file. Local.
 *
 * @param file its name, for messages
 * @throws UsageError with a line for every mistake of its grammar
 */
export function parseYaml(text: string, file: string): YamlSource {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const place = (offset: number): string => `${file}, line ${lines.linePos(offset).line}`
  const mistakes = document.errors.map(({ message, pos }) => `${place(pos[0])}: ${message}`)
  if (mistakes.length === 0 && !isMap(document.contents))
    mistakes.push(`${place(0)}: expected keys with values, such as "n: [1000, 2000]"`)
  if (mistakes.length > 0) throw new UsageError(mistakes)
  const placeOf = (path: readonly PropertyKey[]): string => place(offsetOf(document, path))
  return {
    values: document.toJS() as Record<string, unknown>,
    place: placeOf,
    where: (path) => `${placeOf(path)}: ${String(path[0])}`,
  }
}

/** Where the value of a path begins, or the next thing around it that has a place of its own. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  if (path.length === 1 && isMap(document.contents)) {
    const pair = document.contents.items.find(({ key }) => isScalar(key) && key.value === path[0])
    if (isNode(pair?.key)) return pair.key.range?.[0] ?? 0
  }
  const node = document.getIn(path, true)
  if (isNode(node)) return node.range?.[0] ?? 0
  return path.length > 1 ? offsetOf(document, path.slice(0, -1)) : 0
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError([`--file ${file} cannot be read: ${(error as Error).message}`])
  }
}
