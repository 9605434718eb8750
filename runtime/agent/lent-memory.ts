/**
 * Private memory of a rank that others read or write by its address (engine/long-sends.ts, long-receives.ts), when its
 * thread ends before they have: a program that returns without waiting for its requests, or that ends itself. The memory is
 * handed to the agent, which keeps it where it is until the job is over; else the system would take it from under them.
 */
import { parentPort, type Worker } from 'node:worker_threads'

/** Has the memory outlive this thread. */
export function leaveToAgent(lent: Iterable<ArrayBuffer>): void {
  for (const buffer of lent)
    try {
      parentPort?.postMessage(buffer, [buffer])
    } catch {
      // Some memory belongs to others and cannot be handed over: WebAssembly's, the pool of Buffer.
    }
}

/** The agent's side. */
export class LentMemory {
  readonly #kept: ArrayBuffer[] = []

  hear(worker: Worker): void {
    worker.on('message', (message) => {
      if (message instanceof ArrayBuffer) this.#kept.push(message)
    })
  }
}
