/**
 * What the agents claim of the links between them. A host that dies is missed by its neighbours too, often before the
 * launcher knows: a claim counts only if it still stands a moment later and both hosts are there. So the message names
 * what died first.
 */
import type { LinkState } from '../agent/link-watch.ts'

/** The launcher finds out about a lost host at the latest a beat after its neighbours, and is not always prompt. */
const GRACE_MS = 1500

export class LinkClaims {
  readonly #standing = new Map<string, NodeJS.Timeout>()
  readonly #onLost: (from: number, to: number, state: LinkState) => void
  readonly #mayJudge: () => boolean

  /**
   * @param onLost called when a claim holds: agent `from` has lost agent `to`
   * @param mayJudge false while silence may have other reasons
   */
  constructor(onLost: (from: number, to: number, state: LinkState) => void, mayJudge: () => boolean) {
    this.#onLost = onLost
    this.#mayJudge = mayJudge
  }

  /** An agent tells what has become of its link to another; agents by number. */
  hear(from: number, to: number, state: LinkState): void {
    const link = `${from} ${to} ${state === 'broken'}`
    if (state === 'alive') {
      clearTimeout(this.#standing.get(link))
      this.#standing.delete(link)
    } else if (!this.#standing.has(link)) this.#wait(link, () => this.#onLost(from, to, state))
  }

  #wait(link: string, judge: () => void): void {
    const timer = setTimeout(() => (this.#mayJudge() ? judge() : this.#wait(link, judge)), GRACE_MS)
    this.#standing.set(link, timer.unref())
  }
}
