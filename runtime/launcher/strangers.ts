/** What is told of those who connected to a job's ports and were not of the job. */
import type { Strangers } from '../transport/admission.ts'

/** One line for a host that turned somebody away. */
export function strangersNote(host: string, endpoint: string, strangers: Strangers): string {
  const { connections, silent, wrongKey, address } = strangers
  const other = Math.max(0, connections - silent - wrongKey)
  const kinds = [
    silent > 0 ? `${silent} without a word` : '',
    other > 0 ? `${other} in another protocol` : '',
    wrongKey > 0 ? `${wrongKey} with a wrong key` : '',
  ].filter((text) => text !== '')
  const last = address === undefined ? '' : `, the last from ${address}`
  const what = connections === 1 ? 'a connection that was' : `${connections} connections that were`
  return `note: ${host} turned away ${what} not of this job at ${endpoint}: ${kinds.join(', ')}${last}`
}
