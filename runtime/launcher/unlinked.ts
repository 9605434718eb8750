/** What is told of hosts of a job that cannot connect to each other, although all of them could be started; and its reader. */
import type { Unlinked } from '../agent/job-description.ts'

/** A host, and one that it cannot reach. */
export interface UnlinkedHost {
  readonly host: string
  readonly peer: Unlinked
}

/** The same by names, as it is told. */
export interface UnlinkedPair {
  readonly from: string
  readonly to: string
  readonly endpoint: string
  readonly why: string
}

export const UNLINKED_ADVICE = [
  'Does a firewall drop what is not ssh? Open some ports and name them: --ports 47000-47099',
  'Are these addresses of the network that the hosts share? If not, name it: --interface 10.0.0.0/8',
] as const

/** @param hosts name of every agent's host, by agent */
export function unlinkedText(unlinked: readonly UnlinkedHost[], hosts: readonly string[]): string {
  const lines = unlinked.map(
    ({ host, peer: { agent, endpoint, why } }) => `  ${host} -> ${hosts[agent]} at ${endpoint}: ${why}`,
  )
  return [
    'hosts of the job cannot connect to each other; the job was stopped.',
    ...lines,
    ...UNLINKED_ADVICE.map((line) => `  ${line}`),
  ].join('\n')
}

/** The hosts that such a text names, each with one that it cannot connect to; none if it is another text. */
export function unlinkedPairs(text: string): UnlinkedPair[] {
  const lines = text.matchAll(/^ {2}(?<from>\S+) -> (?<to>\S+) at (?<endpoint>tcp:\S+): (?<why>.*)$/gm)
  return [...lines].map(({ groups = {} }) => {
    const { from = '', to = '', endpoint = '', why = '' } = groups
    return { from, to, endpoint, why }
  })
}
