/**
 * Two idioms of point-to-point traffic that the solver uses everywhere. Both spare the promise where a message is there
 * already, which for small messages between busy neighbours is most of the time.
 */
import type { Request } from '../runtime/comm/request.ts'
import type { Messenger } from './process-grid.ts'

/** Tags by phase. Panel broadcasts cycle, so that panels under way at once stay apart; the others come in order. */
export const TAG = { column: 1001, firstBroadcast: 2001, lastBroadcast: 3000, solve: 3001, reduction: 9001 } as const

/** A way to wait until a request is complete. */
export type Wait = (request: Request) => Promise<void>

/** Waits for a request, without a promise if it is complete. */
export async function complete(request: Request): Promise<void> {
  if (request.test() === undefined) await request.wait()
}

/** Sends to and receives from one partner at the same time. Returns when both buffers may be used again. */
export async function exchange(
  comm: Messenger,
  partner: number,
  tag: number,
  sent: Float64Array,
  received: Float64Array,
): Promise<void> {
  const receive = comm.irecv(received, { source: partner, tag })
  const send = comm.isend(sent, { dest: partner, tag })
  if (receive.test() === undefined) await receive.wait()
  if (send.test() === undefined) await send.wait()
}

const NOTHING = new Float64Array(0)

/** Returns when all processes have called it; what they wrote to shared memory before can be read then. Collective. */
export async function synchronise(comm: Messenger): Promise<void> {
  const { rank, size } = comm
  for (let distance = 1; distance < size; distance *= 2) {
    const receive = comm.irecv(NOTHING, { source: (rank - distance + size) % size, tag: TAG.column })
    const send = comm.isend(NOTHING, { dest: (rank + distance) % size, tag: TAG.column })
    await complete(receive)
    await complete(send)
  }
}

/** Requests that must be complete before their memory is used again, collected now and waited for then. */
export class Outstanding {
  #requests: Request[] = []

  add(request: Request): void {
    this.#requests.push(request)
  }

  get empty(): boolean {
    return this.#requests.length === 0
  }

  /** Waits for all of them, or in the way of `wait`. */
  async drain(wait: Wait = complete): Promise<void> {
    const requests = this.#requests
    if (requests.length === 0) return
    this.#requests = []
    for (const request of requests) await wait(request)
  }
}
