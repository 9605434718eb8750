/**
 * Matching of messages and receives: (context, source, tag) with wildcards, first come first served (MPI 4.1, section
 * 3.5, non-overtaking).
 *
 * Two queues with one invariant: no entry of the one matches an entry of the other. Both find the oldest match without
 * searching, so that 10 000 outstanding receives, with wildcards or not, cost no more each than one; a receive from any
 * source of one tag looks once at each source that has messages waiting. What is kept of a context goes with `retire`.
 */
import { ANY_SOURCE, ANY_TAG } from '../base/constants.ts'

/** What is compared. `source` is a world rank. */
export interface MatchKey {
  readonly context: number
  readonly source: number
  readonly tag: number
}

/**
 * Source and tag, wildcards (-1) included, as one number. World ranks stay below 2^20 and tags below 2^31, so that an
 * exact double has room for both; common pairs make a small integer, which a map finds without allocating.
 */
function pairKey(source: number, tag: number): number {
  if (source < 1023 && tag < 0xfffff) return ((source + 1) << 20) | (tag + 1)
  return (source + 2) * 2 ** 32 + tag
}

/** What a chain is made of. */
interface Linked<N> {
  previous: N | undefined
  next: N | undefined
}

/** Doubly linked list, oldest first. */
class Chain<N extends Linked<N>> {
  first: N | undefined = undefined
  last: N | undefined = undefined

  append(node: N): void {
    node.previous = this.last
    if (this.last === undefined) this.first = node
    else this.last.next = node
    this.last = node
  }

  remove(node: N): void {
    if (node.previous === undefined) this.first = node.next
    else node.previous.next = node.next
    if (node.next === undefined) this.last = node.previous
    else node.next.previous = node.previous
    // A removed node that has grown old would keep all that came after it from the quick garbage collection.
    node.previous = undefined
    node.next = undefined
  }
}

/** What a posted queue keeps: a key, and a place for the queue to find it again. */
export interface Postable extends MatchKey {
  /** The queue's own while it is posted. */
  node?: object | undefined
}

/** A receive in the chain of those that ask for the same source and tag. */
class PostedNode<T extends Postable> implements Linked<PostedNode<T>> {
  readonly value: T
  readonly order: number
  readonly context: PostedContext<T>
  readonly key: number
  previous: PostedNode<T> | undefined = undefined
  next: PostedNode<T> | undefined = undefined

  constructor(value: T, order: number, context: PostedContext<T>) {
    this.value = value
    this.order = order
    this.context = context
    this.key = pairKey(value.source, value.tag)
  }
}

/** The receives of one context by what they ask for, wildcards included as they stand. */
class PostedContext<T extends Postable> {
  readonly byPair = new Map<number, Chain<PostedNode<T>>>()
  size = 0
  wild = 0
  retired = false
  /** The chain that was used last: windows of receives ask for one pair. It stays when it gets empty, until another is used. */
  #latestKey = NaN
  #latest: Chain<PostedNode<T>> | undefined

  add(node: PostedNode<T>): void {
    this.#chainOf(node.key).append(node)
    this.size++
    if (isWild(node.value)) this.wild++
  }

  remove(node: PostedNode<T>): void {
    this.#chainOf(node.key).remove(node)
    this.size--
    if (isWild(node.value)) this.wild--
  }

  /** The oldest receive that accepts a message: there are four ways to ask for it. */
  oldest({ source, tag }: MatchKey): PostedNode<T> | undefined {
    const exact = this.#first(source, tag)
    if (this.wild === 0) return exact
    const anySource = older(exact, this.#first(ANY_SOURCE, tag))
    return older(anySource, older(this.#first(source, ANY_TAG), this.#first(ANY_SOURCE, ANY_TAG)))
  }

  #first(source: number, tag: number): PostedNode<T> | undefined {
    const key = pairKey(source, tag)
    return (key === this.#latestKey ? this.#latest : this.byPair.get(key))?.first
  }

  #chainOf(key: number): Chain<PostedNode<T>> {
    if (key === this.#latestKey) return this.#latest as Chain<PostedNode<T>>
    if (this.#latest?.first === undefined) this.byPair.delete(this.#latestKey)
    this.#latestKey = key
    return (this.#latest = upsert(this.byPair, key, newChain<PostedNode<T>>))
  }
}

/** Receives that wait for a message. */
export class PostedQueue<T extends Postable> {
  readonly #contexts = new Map<number, PostedContext<T>>()
  #order = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Contexts of which something is kept. */
  get contexts(): number {
    return this.#contexts.size
  }

  /** In the order in which they were posted. */
  [Symbol.iterator](): Iterator<T> {
    const chains = [...this.#contexts.values()].flatMap(({ byPair }) => [...byPair.values()])
    const nodes = chains.flatMap(nodesOf)
    return nodes
      .sort((a, b) => a.order - b.order)
      .map(({ value }) => value)
      .values()
  }

  add(receive: T): void {
    const context = upsert(this.#contexts, receive.context, newPostedContext<T>)
    const node = new PostedNode(receive, this.#order++, context)
    receive.node = node
    context.add(node)
    this.#size++
  }

  /** Takes out the oldest receive that the message (no wildcards) matches. */
  match(message: MatchKey): T | undefined {
    if (this.#size === 0) return undefined
    const node = this.#contexts.get(message.context)?.oldest(message)
    if (node === undefined) return undefined
    this.#remove(node)
    return node.value
  }

  /** Takes a receive out unmatched; false if it is not in the queue any more. */
  remove(receive: T): boolean {
    const { node } = receive
    if (node === undefined) return false
    this.#remove(node as PostedNode<T>)
    return true
  }

  /** Forgets a context as soon as no receive of it is left. */
  retire(context: number): void {
    retire(this.#contexts, context)
  }

  #remove(node: PostedNode<T>): void {
    const { value, context } = node
    value.node = undefined
    this.#size--
    context.remove(node)
    if (context.retired && context.size === 0) this.#contexts.delete(value.context)
  }
}

/** A message in three lists: of all, of those of its source, of those of its source and tag. */
class ArrivedNode<T extends MatchKey> implements Linked<ArrivedNode<T>> {
  readonly value: T
  readonly order: number
  /** In the chain of all. */
  previous: ArrivedNode<T> | undefined = undefined
  next: ArrivedNode<T> | undefined = undefined
  readonly ofSource: SourceLink<T>
  /** The next of the same source and tag; the oldest of these is always taken first, so one direction is enough. */
  follower: ArrivedNode<T> | undefined = undefined

  constructor(value: T, order: number) {
    this.value = value
    this.order = order
    this.ofSource = new SourceLink(this)
  }
}

class SourceLink<T extends MatchKey> implements Linked<SourceLink<T>> {
  readonly node: ArrivedNode<T>
  previous: SourceLink<T> | undefined = undefined
  next: SourceLink<T> | undefined = undefined

  constructor(node: ArrivedNode<T>) {
    this.node = node
  }
}

interface Queue<T extends MatchKey> {
  first: ArrivedNode<T>
  last: ArrivedNode<T>
}

/** The messages of one context. */
class ArrivedContext<T extends MatchKey> {
  readonly all = new Chain<ArrivedNode<T>>()
  readonly bySource = new Map<number, Chain<SourceLink<T>>>()
  readonly byPair = new Map<number, Queue<T>>()
  size = 0
  retired = false

  add(node: ArrivedNode<T>): void {
    const { source, tag } = node.value
    this.size++
    this.all.append(node)
    upsert(this.bySource, source, newChain<SourceLink<T>>).append(node.ofSource)
    const key = pairKey(source, tag)
    const queue = this.byPair.get(key)
    if (queue === undefined) this.byPair.set(key, { first: node, last: node })
    else queue.last = queue.last.follower = node
  }

  /** Removes a message that is the oldest of its source and tag, as whatever `oldest` returns is. */
  remove(node: ArrivedNode<T>): void {
    const { source, tag } = node.value
    this.size--
    this.all.remove(node)
    this.bySource.get(source)?.remove(node.ofSource)
    const key = pairKey(source, tag)
    if (node.follower === undefined) this.byPair.delete(key)
    else (this.byPair.get(key) as Queue<T>).first = node.follower
  }

  /** The oldest message that a receive accepts. */
  oldest({ source, tag }: MatchKey): ArrivedNode<T> | undefined {
    if (source !== ANY_SOURCE)
      return tag === ANY_TAG ? this.bySource.get(source)?.first?.node : this.byPair.get(pairKey(source, tag))?.first
    if (tag === ANY_TAG) return this.all.first
    let found: ArrivedNode<T> | undefined
    for (const [origin, chain] of this.bySource)
      if (chain.first !== undefined) found = older(found, this.byPair.get(pairKey(origin, tag))?.first)
    return found
  }
}

/** Messages that arrived before anyone asked for them. */
export class UnexpectedQueue<T extends MatchKey> {
  readonly #contexts = new Map<number, ArrivedContext<T>>()
  #order = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Contexts of which something is kept. */
  get contexts(): number {
    return this.#contexts.size
  }

  /** Context by context, in the order in which they arrived. */
  *[Symbol.iterator](): Generator<T> {
    for (const { all } of this.#contexts.values())
      for (let node = all.first; node !== undefined; node = node.next) yield node.value
  }

  add(message: T): void {
    const context = upsert(this.#contexts, message.context, newArrivedContext<T>)
    context.add(new ArrivedNode(message, this.#order++))
    this.#size++
  }

  /** The oldest message of a context; stays in the queue. */
  oldest(context: number): T | undefined {
    if (this.#size === 0) return undefined
    return this.#contexts.get(context)?.all.first?.value
  }

  /** The oldest message that the receive (wildcards allowed) matches; stays in the queue. */
  peek(receive: MatchKey): T | undefined {
    if (this.#size === 0) return undefined
    return this.#contexts.get(receive.context)?.oldest(receive)?.value
  }

  /** Takes out the oldest message that the receive (wildcards allowed) matches. */
  match(receive: MatchKey): T | undefined {
    if (this.#size === 0) return undefined
    const context = this.#contexts.get(receive.context)
    const node = context?.oldest(receive)
    if (context === undefined || node === undefined) return undefined
    context.remove(node)
    this.#size--
    if (context.retired && context.size === 0) this.#contexts.delete(receive.context)
    return node.value
  }

  /** Forgets a context as soon as no message of it is left. */
  retire(context: number): void {
    retire(this.#contexts, context)
  }
}

function isWild(receive: MatchKey): boolean {
  return receive.source === ANY_SOURCE || receive.tag === ANY_TAG
}

function older<N extends { readonly order: number }>(a: N | undefined, b: N | undefined): N | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a.order < b.order ? a : b
}

function retire(contexts: Map<number, { readonly size: number; retired: boolean }>, number: number): void {
  const context = contexts.get(number)
  if (context === undefined) return
  if (context.size === 0) contexts.delete(number)
  else context.retired = true
}

function nodesOf<N extends Linked<N>>({ first }: Chain<N>): N[] {
  const nodes = []
  for (let node = first; node !== undefined; node = node.next) nodes.push(node)
  return nodes
}

function newPostedContext<T extends Postable>(): PostedContext<T> {
  return new PostedContext()
}

function newArrivedContext<T extends MatchKey>(): ArrivedContext<T> {
  return new ArrivedContext()
}

function newChain<N extends Linked<N>>(): Chain<N> {
  return new Chain()
}

function upsert<V>(map: Map<number, V>, key: number, create: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = create()
  map.set(key, made)
  return made
}
