/** What is told of hosts of a job that cannot connect to each other, although all of them could be started. */
import type { Unlinked } from '../agent/job-description.ts'

/** A host, and one that it cannot reach. */
export interface UnlinkedHost {
  readonly host: string
  readonly peer: Unlinked
}

/** @param hosts name of every agent's host, by agent */
export function unlinkedText(unlinked: readonly UnlinkedHost[], hosts: readonly string[]): string {
  const lines = unlinked.map(
    ({ host, peer: { agent, endpoint, why } }) => `  ${host} -> ${hosts[agent]} at ${endpoint}: ${why}`,
  )
  return [
    'hosts of the job cannot connect to each other; the job was stopped.',
    ...lines,
    '  Does a firewall drop what is not ssh? Open some ports and name them: --ports 47000-47099',
    '  Are these addresses of the network that the hosts share? If not, name it: --interface 10.0.0.0/8',
  ].join('\n')
}
