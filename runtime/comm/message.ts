/**
 * A message taken by a matched probe (MPI 4.1, section 3.8.2): no other receive or probe can see it any more, so that
 * threads of control of one rank can size a buffer for it in peace. It is received exactly once.
 */
import { MpiError } from '../base/errors.ts'
import { resolveBuffer, type MessageBuffer, type MessageView } from '../base/message-buffer.ts'
import type { Operation } from '../engine/operation.ts'
import type { BufferWatch } from './buffer-checks.ts'
import type { Request } from './request.ts'
import type { Received, Status } from './status.ts'

/** What a message needs of the communicator it came over. */
export interface MessageHome {
  /** Starts the receive; undefined if the message comes from PROC_NULL. */
  readonly mrecv: (view: MessageView | undefined, call: string) => Operation | undefined
  /** Begins to watch the buffer, if buffers are watched. */
  readonly watch: (view: MessageView, call: string) => BufferWatch | undefined
  readonly request: (operation: Operation | undefined, watch?: BufferWatch) => Request
  readonly received: <T>(operation: Operation | undefined) => Promise<Received<T>>
  /** What is made of the arguments of a call; the error handler sees what is wrong with them. */
  readonly checked: <T>(plan: () => T) => T
}

/**
 * A message that `mprobe` or `improbe` has taken out of the queue for the caller.
 *
 * @example
 * const request = world.isend(new Float64Array(world.rank + 1), { dest: 0 })
 * for (let i = 0; world.rank === 0 && i < world.size; i++) {
 *   const message = await world.mprobe()
 *   const data = new Float64Array(message.status.count) // room for what has come
 *   await message.recv(data)
 * }
 * await request.wait()
 */
export class Message {
  /** Its source, tag and size; `count` counts the elements it was sent as. */
  readonly status: Status
  readonly #home: MessageHome
  #taken = false

  /** Users get messages from `mprobe` and `improbe`. @internal */
  constructor(status: Status, home: MessageHome) {
    this.status = status
    this.#home = home
  }

  /** Receives the message. Local. @throws {MpiError} like `comm.recv`; MPI_ERR_REQUEST if it has been received before */
  async recv(buffer: MessageBuffer): Promise<Status> {
    return this.irecv(buffer).wait()
  }

  /**
   * Starts to receive the message. Local.
   *
   * @throws {MpiError} like `recv`
   * @example
   * const { rank: dest } = world
   * const sent = [world.isend(Int32Array.of(7), { dest, tag: 1 }), world.isendObject({ n: 7 }, { dest, tag: 2 })]
   * const [one, two] = [await world.mprobe({ tag: 1 }), await world.mprobe({ tag: 2 })]
   * const data = new Int32Array(one.status.count)
   * await one.irecv(data).wait()
   * log(data[0], (await two.recvObject()).value) // → 7 { n: 7 }
   * await waitAll(sent)
   */
  irecv(buffer: MessageBuffer): Request {
    const view = this.#home.checked(() => {
      const resolved = resolveBuffer(buffer, 'mrecv')
      this.#take('mrecv')
      return resolved
    })
    const watch = this.#home.watch(view, 'mrecv')
    return this.#home.request(this.#home.mrecv(watch?.view ?? view, 'mrecv'), watch)
  }

  /** Receives a message of `sendObject`. Local. @throws {MpiError} MPI_ERR_TYPE if it is none; MPI_ERR_REQUEST like `recv` */
  async recvObject<T = unknown>(): Promise<Received<T>> {
    this.#home.checked(() => this.#take('mrecvObject'))
    return this.#home.received<T>(this.#home.mrecv(undefined, 'mrecvObject'))
  }

  #take(call: string): void {
    if (this.#taken) throw new MpiError('MPI_ERR_REQUEST', `${call}: the message has been received before`)
    this.#taken = true
  }
}
