/**
 * The agent's half of the heartbeats on the start channel: tells the launcher that it is there, and notices when the
 * launcher is not, although the channel is still open: a stopped launcher, a network without an answer.
 */
import { BEAT_MS, Lease } from '../base/lease.ts'

export class LauncherWatch {
  readonly #lease = new Lease(performance.now())

  /**
   * @param beat called every BEAT_MS
   * @param onLost called when the launcher has been silent for the length of its lease
   */
  constructor(beat: () => void, onLost: () => void) {
    const timer = setInterval(() => {
      beat()
      if (!this.#lease.look(performance.now())) return
      clearInterval(timer)
      onLost()
    }, BEAT_MS)
  }

  /** Anything has come from the launcher. */
  heard(): void {
    this.#lease.heard()
  }
}
