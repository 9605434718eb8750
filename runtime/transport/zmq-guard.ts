/**
 * Who may connect to this process: libzmq asks about every key that a client gives, and admission.ts answers.
 * Everybody who connects without getting that far is turned away by libzmq itself; they are counted too.
 */
import { Router, type Observer } from 'zeromq'
import { Admission, ZAP_ENDPOINT, type ConnectionEvent, type LinkKeys, type Strangers } from './admission.ts'

/** Events taken in one turn of the event loop: a flood of connections must not keep the thread from its work. */
const EVENTS_A_TURN = 64

/** Answers for one process; libzmq knows no more than one such handler. */
export class Guard {
  /** Not a Reply socket: that one is of no more use once somebody has left between question and answer. */
  readonly #handler = new Router({ linger: 0, sendHighWaterMark: 0 })
  readonly #admission: Admission

  private constructor(own: LinkKeys, admittedKeys: readonly string[]) {
    this.#admission = new Admission(own, admittedKeys)
  }

  /** Begins to answer. @param admittedKeys public keys of those who may connect, Z85 */
  static async open(own: LinkKeys, admittedKeys: readonly string[]): Promise<Guard> {
    const guard = new Guard(own, admittedKeys)
    await guard.#handler.bind(ZAP_ENDPOINT)
    void guard.#answer()
    return guard
  }

  /** Counts who comes to a socket. */
  async watch(events: Observer): Promise<void> {
    let n = 0
    for await (const event of events) {
      const cryptographic = event.type === 'handshake:error:protocol' && event.error.code === 'ERR_ZMTP_CRYPTOGRAPHIC'
      this.#admission.note(event.type as ConnectionEvent, cryptographic)
      if (++n % EVENTS_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  get strangers(): Strangers {
    return this.#admission.strangers
  }

  async close(): Promise<void> {
    await this.#handler.unbind(ZAP_ENDPOINT)
    this.#handler.close()
  }

  async #answer(): Promise<void> {
    for await (const question of this.#handler) await this.#handler.send(this.#admission.answer(question))
  }
}
