/** A time span in words. */

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const

/** Two units at most: "3 min 20 s", "2 d 4 h"; below ten seconds with a digit: "1.5 s". Local. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  const first = UNITS.findIndex(([, size]) => whole >= size)
  const [unit, size] = UNITS[first] as (typeof UNITS)[number]
  const next = UNITS[first + 1]
  const rest = next === undefined ? 0 : Math.round((whole % size) / next[1])
  // Rounding may fill the smaller unit: 1 h 59.9 min are 2 h.
  if (next !== undefined && rest * next[1] === size) return formatDuration((Math.floor(whole / size) + 1) * size)
  const tail = rest > 0 ? ` ${rest} ${next?.[0]}` : ''
  return `${Math.floor(whole / size)} ${unit}${tail}`
}
