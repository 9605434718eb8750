/**
 * Lines of hostfiles and rankfiles as fields: words, and KEY=VALUE pairs with or without spaces around the sign. Comments
 * are those of Open MPI's files: from `#` or `//` to the end of the line, and blocks as in C. What has spaces stands in
 * double quotes. Pure.
 */

export interface Field {
  readonly key: string
  /** undefined: a word without `=`. */
  readonly value: string | undefined
}

export interface FieldLine {
  /** Counted from 1. */
  readonly line: number
  /** At least one. */
  readonly fields: readonly Field[]
}

const KEY = String.raw`(?<key>(?:"[^"]*"|[^\s"=])+)`
const VALUE = String.raw`(?<value>(?:"[^"]*"|[^\s"])*)`
const FIELD = new RegExp(String.raw`${KEY}(?:\s*(?<equals>=)\s*${VALUE})?|(?<rest>\S+)`, 'g')

const QUOTED_OR_COMMENT = /"[^"\n]*"|#.*|(?<=^|\s)(?:\/\/.*|\/\*[^]*?(?:\*\/|$))/g

/** The lines of a text that say something. What cannot be read is added to `problems`, a line each. */
export function fieldLines(text: string, file: string, problems: string[]): FieldLine[] {
  return withoutComments(text)
    .split(/\r?\n/)
    .map((content, index) => ({ line: index + 1, fields: fieldsOf(content, `${file}, line ${index + 1}`, problems) }))
    .filter(({ fields }) => fields.length > 0)
}

function fieldsOf(text: string, where: string, problems: string[]): Field[] {
  if ((text.split('"').length - 1) % 2 === 1) {
    problems.push(`${where}: a quote is opened and not closed: ${text.trim()}`)
    return []
  }
  const fields: Field[] = []
  for (const { groups = {} } of text.matchAll(FIELD)) {
    const { key, equals, value = '', rest } = groups
    if (key === undefined) problems.push(`${where}: "${rest}" stands alone; expected KEY=VALUE`)
    else fields.push({ key: unquoted(key), value: equals === undefined ? undefined : unquoted(value) })
  }
  return fields
}

/** Line breaks stay, so that lines keep their numbers. A `//` begins a comment at a word's begin only: paths have some. */
function withoutComments(text: string): string {
  return text.replace(QUOTED_OR_COMMENT, (found) => (found.startsWith('"') ? found : found.replace(/[^\n]/g, ' ')))
}

function unquoted(text: string): string {
  return text.replaceAll('"', '')
}
