/**
 * Which line of a stack trace is the program's: the first that lies neither in Node nor in the runtime. The programs that
 * come with the installation count as programs.
 */
const ROOT = new URL('../../', import.meta.url).pathname
/** The parts of the installation that are programs. */
const PROGRAMS = `${ROOT}hpl/`

/** `file:line:column` of the first frame of the program in a stack as program-loader.ts writes it. */
export function firstPlace(stack: string): string | undefined {
  for (const line of stack.split('\n').slice(1)) {
    const place = /(?:file:\/\/)?(\/.*:\d+:\d+)\)?$/.exec(line)?.[1]
    if (place !== undefined && (!place.startsWith(ROOT) || place.startsWith(PROGRAMS))) return decodeURI(place)
  }
  return undefined
}
