/**
 * A collective call in which an operation of the program's has thrown, on this rank or on another.
 *
 * Invariant: such a call sends and receives as many messages as any other, so that no rank waits for ever and nothing is
 * left over: instead of results, which cannot be had, its ranks send what has happened, in words. All ranks whose results
 * come of it throw at the end of the call; the first failure that a rank hears of counts.
 */
import { FAILURE } from '../base/element-type.ts'
import { MpiError } from '../base/errors.ts'
import { threwOn } from '../base/failure-origin.ts'
import { MessageView } from '../base/message-buffer.ts'
import type { CollectiveName } from '../base/signature.ts'

/** Characters of what was thrown that other ranks are told. */
const MOST_CHARACTERS = 200

export class CallFailure {
  #error: unknown
  #message: MessageView | undefined
  /** What has happened, in words that name the rank; undefined if nothing has. */
  text: string | undefined = undefined

  /** This rank's operation has thrown `error`. */
  own(error: unknown, worldRank: number): void {
    if (this.text !== undefined) return
    this.#error = error
    this.text = `${threwOn(worldRank)}: ${String(error).slice(0, MOST_CHARACTERS)}${placeOf(error)}`
  }

  /** Another rank's has. */
  others(text: string, call: CollectiveName): void {
    if (this.text !== undefined) return
    this.#error = new MpiError('MPI_ERR_OP', `${call}: ${text}`)
    this.text = text
  }

  /** What goes to other ranks instead of data. */
  message(text: string): MessageView {
    if (this.#message === undefined) {
      const bytes = Buffer.from(text)
      this.#message = new MessageView(FAILURE, bytes.length, bytes)
    }
    return this.#message
  }

  /** @throws what was thrown here, or an MpiError with what was thrown elsewhere */
  check(): void {
    if (this.text !== undefined) throw this.#error
  }
}

/** Where an error was thrown, for those who do not see its stack: ', at file:line:column'. */
function placeOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const place = /^ +at (?:.*\()?(.{1,200}:\d+:\d+)\)?$/m.exec(stack)?.[1]
  return place === undefined ? '' : `, at ${place}`
}
