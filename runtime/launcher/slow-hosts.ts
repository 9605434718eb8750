/** Hosts that shall compute slower than they can: `--slow-host 2=0.5,node3=0.8`. Pure. */
import type { Host } from './hosts.ts'
import { UsageError } from './usage-error.ts'

/** A host as the option names it, and the part of its speed that is left. */
export interface SlowHost {
  /** Its name, or its number in the list of hosts, from 0. */
  readonly host: string
  readonly pace: number
}

/** Slower hosts would hardly end a job. */
const LEAST_PACE = 0.01

const EXPECTED = `HOST=PART: the host's name, or its number from 0, and a part of its speed from ${LEAST_PACE} to 1, such as 2=0.5`

/** Reads the values of `--slow-host`; mistakes are added to a list, a line each. */
export function parseSlowHosts(values: readonly string[], problems: string[]): SlowHost[] {
  return values
    .flatMap((value) => value.split(','))
    .flatMap((text) => {
      const [, host, part] = /^\s*([^=\s]+)=(\d*\.?\d+)\s*$/.exec(text) ?? []
      const pace = Number(part)
      if (host !== undefined && pace >= LEAST_PACE && pace <= 1) return [{ host, pace }]
      problems.push(`--slow-host: read ${JSON.stringify(text)}, expected ${EXPECTED}`)
      return []
    })
}

/**
 * The hosts, with the pace of those that shall be slower. `node1` stands for `user@node1` too.
 *
 * @throws UsageError with a line for every host that is not there, or is named twice
 */
export function slowed<H extends Host>(hosts: readonly H[], slow: readonly SlowHost[] = []): readonly H[] {
  const paces = new Map<number, number>()
  const problems = slow.flatMap(({ host, pace }) => {
    const index = indexOf(host, hosts)
    const again = paces.has(index)
    paces.set(index, pace)
    if (index === -1) return [`--slow-host ${host}=${pace}: there is no such host; expected ${known(hosts)}`]
    return again ? [`--slow-host ${host}=${pace}: ${hosts[index]?.name} has been named already`] : []
  })
  if (problems.length > 0) throw new UsageError(problems)
  return hosts.map((host, index) => {
    const pace = paces.get(index)
    return pace === undefined ? host : { ...host, pace }
  })
}

/** A name comes before a number. */
function indexOf(word: string, hosts: readonly Host[]): number {
  const named = hosts.findIndex(({ name }) => name === word || name.replace(/^.*@/, '') === word)
  if (named !== -1 || !/^\d+$/.test(word)) return named
  return Number(word) < hosts.length ? Number(word) : -1
}

function known(hosts: readonly Host[]): string {
  const list = hosts.slice(0, MOST_NAMES).map(({ name }) => name)
  const more = hosts.length > MOST_NAMES ? ', …' : ''
  return `a number from 0 to ${hosts.length - 1}, or one of ${list.join(', ')}${more}`
}

const MOST_NAMES = 8
