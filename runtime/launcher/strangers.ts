/**
 * What is told of those who connected to a job's ports and were not of the job: each host counts whom it turned away, and
 * the job's own connections that came to nothing are none of them.
 */
import type { Unfinished } from '../agent/job-description.ts'
import type { Strangers } from '../transport/admission.ts'

/** An agent's host, and where it listens. */
interface Place {
  readonly host: string
  readonly endpoint: string | undefined
}

export class StrangerNotes {
  readonly #strangers = new Map<number, Strangers>()
  readonly #own = new Map<number, number>()

  /** An agent, by number, tells whom it has turned away. */
  turnedAway(agent: number, strangers: Strangers): void {
    this.#strangers.set(agent, strangers)
  }

  /** An agent tells to which others it has begun connections that came to nothing. */
  unfinished(links: readonly Unfinished[]): void {
    for (const { agent, connections } of links) this.#own.set(agent, (this.#own.get(agent) ?? 0) + connections)
  }

  /** A line for each host that turned somebody away. @param places of all agents */
  notes(places: readonly Place[]): string[] {
    return places.flatMap((place, agent) => {
      const strangers = this.#strangers.get(agent)
      const others = strangers && without(strangers, this.#own.get(agent) ?? 0)
      return others === undefined || others.connections === 0 ? [] : [strangersNote(place, others)]
    })
  }
}

/** Connections of the job that were not finished had not proved their key: they were counted as silent. */
function without(strangers: Strangers, own: number): Strangers {
  const taken = Math.min(own, strangers.silent)
  return { ...strangers, connections: strangers.connections - taken, silent: strangers.silent - taken }
}

function strangersNote({ host, endpoint = 'its port' }: Place, strangers: Strangers): string {
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
