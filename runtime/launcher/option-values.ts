/** Values of options that may be given once, checked: mistakes are added to a list, a line each. */

/** The value of an option; the first if it is given more than once, which is a mistake. */
export function once(option: string, value: string | string[] | undefined, problems: string[]): string | undefined {
  if (!Array.isArray(value)) return value
  problems.push(`${option} is given ${value.length} times (${value.join(', ')}), expected once`)
  return value[0]
}

/** A number of ranks, hosts or the like; undefined if it is not given, or none. */
export function positiveInteger(
  option: string,
  given: string | string[] | undefined,
  problems: string[],
): number | undefined {
  const text = once(option, given, problems)
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= 65_536) return value
  problems.push(`${option} is ${JSON.stringify(text)}, expected a whole number from 1 to 65536`)
  return undefined
}
