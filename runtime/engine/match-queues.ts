/**
 * Matching of messages and receives: (context, source, tag) with wildcards, first come first served (MPI 4.1, section
 * 3.5, non-overtaking).
 *
 * Two queues with one invariant: no entry of the one matches an entry of the other. Both keep arrival order and find an
 * exact match through a hash, so that 10 000 outstanding receives cost no more each than one.
 */
import { ANY_SOURCE, ANY_TAG } from '../base/constants.ts'

/** What is compared. `source` is a world rank. */
export interface MatchKey {
  readonly context: number
  readonly source: number
  readonly tag: number
}

// World ranks stay below 2^20 and tags below 2^31, so that the pair is one exact double.
const TAGS = 0x8000_0000
const exactKey = (source: number, tag: number): number => source * TAGS + tag

/** An entry of a queue: linked in arrival order, and in a bucket with the entries of the same exact key. */
class Node<T extends MatchKey> {
  readonly value: T
  readonly order: number
  previous: Node<T> | undefined = undefined
  next: Node<T> | undefined = undefined

  constructor(value: T, order: number) {
    this.value = value
    this.order = order
  }
}

/** Doubly linked list in arrival order. */
class Chain<T extends MatchKey> {
  first: Node<T> | undefined = undefined
  last: Node<T> | undefined = undefined

  append(node: Node<T>): void {
    node.previous = this.last
    if (this.last === undefined) this.first = node
    else this.last.next = node
    this.last = node
  }

  remove(node: Node<T>): void {
    if (node.previous === undefined) this.first = node.next
    else node.previous.next = node.next
    if (node.next === undefined) this.last = node.previous
    else node.next.previous = node.previous
    // A removed node that has grown old would keep all that came after it from the quick garbage collection.
    node.previous = undefined
    node.next = undefined
  }
}

/** Entries of the same exact key, oldest first. Nodes removed elsewhere are skipped when they surface. */
class Buckets<T extends MatchKey> {
  readonly #byKey = new Map<number, Node<T>[]>()

  add(node: Node<T>): void {
    const key = exactKey(node.value.source, node.value.tag)
    const bucket = this.#byKey.get(key)
    if (bucket === undefined) this.#byKey.set(key, [node])
    else bucket.push(node)
  }

  oldest(source: number, tag: number): Node<T> | undefined {
    return this.#byKey.get(exactKey(source, tag))?.[0]
  }

  remove(node: Node<T>): void {
    const key = exactKey(node.value.source, node.value.tag)
    const bucket = this.#byKey.get(key)
    if (bucket === undefined) return
    if (bucket.length === 1) this.#byKey.delete(key)
    else if (bucket[0] === node) bucket.shift()
    else bucket.splice(bucket.indexOf(node), 1)
  }
}

/** Receives that wait for a message. */
export class PostedQueue<T extends MatchKey> {
  readonly #exact = new Map<number, Buckets<T>>()
  readonly #wild = new Map<number, Chain<T>>()
  readonly #nodes = new Map<T, Node<T>>()
  #order = 0

  get size(): number {
    return this.#nodes.size
  }

  add(receive: T): void {
    const node = new Node(receive, this.#order++)
    this.#nodes.set(receive, node)
    if (isWild(receive)) upsert(this.#wild, receive.context, () => new Chain<T>()).append(node)
    else upsert(this.#exact, receive.context, () => new Buckets<T>()).add(node)
  }

  /** Takes out the oldest receive that the message (no wildcards) matches. */
  match(message: MatchKey): T | undefined {
    if (this.#nodes.size === 0) return undefined
    const exact = this.#exact.get(message.context)?.oldest(message.source, message.tag)
    let wild = this.#wild.get(message.context)?.first
    while (wild !== undefined && !accepts(wild.value, message)) wild = wild.next
    const node = exact === undefined || (wild !== undefined && wild.order < exact.order) ? wild : exact
    if (node === undefined) return undefined
    this.#remove(node)
    return node.value
  }

  /** Takes a receive out unmatched; false if it is not in the queue any more. */
  remove(receive: T): boolean {
    const node = this.#nodes.get(receive)
    if (node !== undefined) this.#remove(node)
    return node !== undefined
  }

  #remove(node: Node<T>): void {
    const { value } = node
    this.#nodes.delete(value)
    if (isWild(value)) this.#wild.get(value.context)?.remove(node)
    else this.#exact.get(value.context)?.remove(node)
  }
}

/** Messages that arrived before anyone asked for them. */
export class UnexpectedQueue<T extends MatchKey> {
  readonly #exact = new Map<number, Buckets<T>>()
  readonly #arrival = new Map<number, Chain<T>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  add(message: T): void {
    const node = new Node(message, 0)
    upsert(this.#exact, message.context, () => new Buckets<T>()).add(node)
    upsert(this.#arrival, message.context, () => new Chain<T>()).append(node)
    this.#size++
  }

  /** The oldest message of a context; stays in the queue. */
  oldest(context: number): T | undefined {
    return this.#arrival.get(context)?.first?.value
  }

  /** The oldest message that the receive (wildcards allowed) matches; stays in the queue. */
  peek(receive: MatchKey): T | undefined {
    return this.#find(receive)?.value
  }

  /** Takes out the oldest message that the receive (wildcards allowed) matches. */
  match(receive: MatchKey): T | undefined {
    const node = this.#find(receive)
    if (node === undefined) return undefined
    this.#exact.get(receive.context)?.remove(node)
    this.#arrival.get(receive.context)?.remove(node)
    this.#size--
    return node.value
  }

  #find(receive: MatchKey): Node<T> | undefined {
    if (this.#size === 0) return undefined
    if (!isWild(receive)) return this.#exact.get(receive.context)?.oldest(receive.source, receive.tag)
    let node = this.#arrival.get(receive.context)?.first
    while (node !== undefined && !accepts(receive, node.value)) node = node.next
    return node
  }
}

function isWild(receive: MatchKey): boolean {
  return receive.source === ANY_SOURCE || receive.tag === ANY_TAG
}

function accepts(receive: MatchKey, message: MatchKey): boolean {
  return (
    (receive.source === ANY_SOURCE || receive.source === message.source) &&
    (receive.tag === ANY_TAG || receive.tag === message.tag)
  )
}

function upsert<V>(map: Map<number, V>, key: number, create: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = create()
  map.set(key, made)
  return made
}
