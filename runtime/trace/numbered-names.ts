/**
 * Numbers for the names of calls and for places of the program, which a record has room for. The reader of the record is
 * told what a number stands for before it is used.
 */
import { CALLS, PLACES } from './trace-memory.ts'

/** What is called by a number in records: the name of a call, the text of a place, a communicator by its context. */
export type Naming = 'call' | 'place' | 'communicator'

/** Tells the reader of the record what a number stands for. */
export type Announce = (kind: Naming, number: number, text: string) => void

/** What is known of a call by its name. */
export interface Call {
  readonly name: string
  readonly number: number
  readonly nonblocking: boolean
  /** Calls since the last one that was looked up. */
  unplaced: number
  /** Whether one has been. */
  placed: boolean
}

export class NumberedNames {
  readonly #announce: Announce
  readonly #calls = new Map<string, Call>()
  readonly #places = new Map<string, number>()
  readonly #byNumber: Call[] = []
  #latest: Call
  #latestButOne: Call

  /** @param first name of a call that will be made */
  constructor(announce: Announce, first: string) {
    this.#announce = announce
    this.#latest = this.#latestButOne = this.#lookUp(first)
  }

  /** The call of a name. */
  call(name: string): Call {
    // Programs make few different calls, and mostly the one or the other in turn.
    if (name === this.#latest.name) return this.#latest
    const before = this.#latest
    this.#latest = this.#latestButOne.name === name ? this.#latestButOne : this.#lookUp(name)
    this.#latestButOne = before
    return this.#latest
  }

  /** The call of a number that has been given. */
  numbered(call: number): Call {
    return this.#byNumber[call] as Call
  }

  /** The number of a place. */
  place(text: string): number {
    const known = this.#places.get(text)
    if (known !== undefined) return known
    const number = this.#number('place', this.#places.size + 1, PLACES, text)
    this.#places.set(text, number)
    return number
  }

  #lookUp(name: string): Call {
    const known = this.#calls.get(name)
    if (known !== undefined) return known
    const number = this.#number('call', this.#calls.size + 1, CALLS, name)
    const call: Call = { name, number, nonblocking: NONBLOCKING.test(name), unplaced: 0, placed: false }
    this.#calls.set(name, call)
    this.#byNumber[number] = call
    return call
  }

  /** Number 0 stands for all names beyond those that are kept apart. */
  #number(kind: Naming, number: number, most: number, text: string): number {
    if (number >= most) return 0
    this.#announce(kind, number, text)
    return number
  }
}

/** Calls that only start something: isend, irecv, …; sendInit, …; the receive of a matched message, which can be waited for later. */
const NONBLOCKING = /^i[a-z]|Init$|^mrecv$/
