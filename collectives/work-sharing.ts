/**
 * Collective calls on long vectors whose ranks share a host and work for each other: the call is cut into jobs, and
 * whoever has a core takes the next one, whosever elements it is about. Ranks that outnumber the cores need not all run
 * for the call to go on, and none waits for one that has lost its core.
 *
 * Protocol: rank 0 founds the call's shared memory and invites the others (engine/shared-work.ts); each says where its
 * elements lie and where its result goes; when all have come, jobs are taken until none is left, and when all are done,
 * all leave. An invitation is offered like the elements themselves, so that it meets the receive of a rank that makes
 * another call, or one of another length or type, as those would.
 *
 * Memory that the ranks do not share is named by its address, which means the same to all threads of the process, if this
 * thread has loaded what reads it (base/native-calls.ts); else a copy in shared memory stands for it.
 */
import { elementTypeOf, type ElementType, type TypedArray } from '../runtime/base/element-type.ts'
import { invariant } from '../runtime/base/errors.ts'
import { MessageView } from '../runtime/base/message-buffer.ts'
import { copyBytes, loadedMemory, nativeMemory, type NativeMemory } from '../runtime/base/native-calls.ts'
import { sliceOf, type Region } from '../runtime/base/region.ts'
import type { Channel, Steps } from '../runtime/comm/channel.ts'
import { block, bytesOf } from './blocks.ts'
import type { Op } from './op.ts'
import { reduceInTree, scanAllInTree, type ScanKind } from './power-of-two.ts'
import type { Operation } from '../runtime/engine/operation.ts'
import { ADDRESS, NOWHERE, SharedWork, type Whereabouts } from '../runtime/engine/shared-work.ts'

/** What a rank brings to a call, and where its result goes; the same array if it works in place. */
interface Share {
  readonly given?: TypedArray
  readonly got?: TypedArray
}

/** The same in a reduction, where all give. */
type Operand = Share & { readonly given: TypedArray }

/** Bytes of a job's part of the vector: long against what it costs to take a job, some of them in the cache of a core. */
const PART_NBYTES = 65_536
/** Bytes that a job has in the cache at once. */
const CACHED_NBYTES = 524_288
/** Parts for each rank, if they are long enough: with fewer, some would have nothing to do at the end. */
const PARTS_A_RANK = 2
const SHORTEST_PART_NBYTES = 8192
const LINE_NBYTES = 64

/** Reduces what all have given, and delivers it to those who have room for it. */
export function reduceTogether(channel: Channel, share: Operand, op: Op): Steps {
  const combine = op.functionFor(share.given)
  return combineTogether(channel, share, op, (parts, stock, at) =>
    stock.deliverToAll(bytesOf(reduceInTree(parts, combine)), at),
  )
}

/** Gives each rank but the first what the ranks up to it have given, combined; with its own, or without. */
export function scanTogether(channel: Channel, share: Operand, op: Op, kind: ScanKind): Steps {
  const combine = op.functionFor(share.given)
  const ownIs = kind === 'inclusive' ? 0 : 1
  return combineTogether(channel, share, op, (parts, stock, at) => {
    scanAllInTree(parts, combine)
    for (let rank = 1; rank < parts.length; rank++) stock.deliver(bytesOf(parts[rank - ownIs] as TypedArray), rank, at)
  })
}

/** @param conclude makes the result of a part, whose operands lie in memory of its own, and delivers it to byte `at` on */
function* combineTogether(
  channel: Channel,
  share: Operand,
  op: Op,
  conclude: (operands: readonly TypedArray[], stock: Stock, at: number) => void,
): Steps {
  const { given } = share
  const { size } = channel
  const nbytes = partNbytes(given, size, size, op.unit)
  const jobs = Math.ceil(given.byteLength / nbytes)
  const length = nbytes / given.BYTES_PER_ELEMENT
  const scratch = channel.scratch(given, size * length)
  const operands = Array.from({ length: size }, (_, rank) => block(scratch, rank, length))
  yield* shareWork(channel, given, share, jobs, (job, stock) => {
    const at = job * nbytes
    const count = Math.min(nbytes, given.byteLength - at) / given.BYTES_PER_ELEMENT
    const parts = count === length ? operands : operands.map((operand) => operand.subarray(0, count))
    for (const [rank, part] of parts.entries()) stock.fetch(bytesOf(part), rank, at)
    conclude(parts, stock, at)
  })
}

/** Copies the root's elements to all others. */
export function* passTogether(channel: Channel, data: TypedArray, root: number): Steps {
  const { rank, size } = channel
  const nbytes = partNbytes(data, size, 1, 1)
  const jobs = Math.ceil(data.byteLength / nbytes)
  yield* shareWork(channel, data, rank === root ? { given: data } : { got: data }, jobs, (job, stock) => {
    const at = job * nbytes
    const length = Math.min(nbytes, data.byteLength - at)
    for (let step = 1; step < size; step++) stock.pass(root, (root + step) % size, at, length)
  })
}

/** Bytes of a part: whole cache lines and whole groups of `unit` elements. @param held parts in the cache at once */
function partNbytes(data: TypedArray, size: number, held: number, unit: number): number {
  const most = Math.min(PART_NBYTES, CACHED_NBYTES / held)
  const wanted = Math.max(SHORTEST_PART_NBYTES, Math.min(most, data.byteLength / (PARTS_A_RANK * size)))
  const group = LINE_NBYTES * unit
  return Math.ceil(wanted / group) * group
}

/**
 * Makes the call. All ranks give the same number of jobs and elements of the same type and number. If an operation
 * throws on one of them, all stay to the end, since others use their memory, and fail then.
 *
 * @param data the elements that the ranks must agree on in type and number, more bytes than travel unasked
 * @param work does one job; by any rank
 */
function* shareWork(
  channel: Channel,
  data: TypedArray,
  share: Share,
  jobs: number,
  work: (job: number, stock: Stock) => void,
): Steps {
  const { rank } = channel
  const [call, invitations] = yield* meet(channel, data)
  const loan = lend(channel, share)
  if (call.come(rank, loan.given, loan.got)) channel.nudgeOthers()
  yield channel.until(
    data,
    () => call.allHaveCome,
    () => Math.max(call.missing, 0),
  )
  const stock = new Stock(channel, call)
  for (let job = call.take(); job < jobs; job = call.take()) {
    channel.attempt(() => work(job, stock))
    if (channel.failure !== undefined) call.fail(channel.failure)
    if (call.finish() === jobs) channel.nudgeOthers()
  }
  yield channel.until(
    data,
    () => call.done === jobs,
    () => (rank + 1) % channel.size,
  )
  yield* channel.settleAll(invitations)
  loan.settle()
  const { failure } = call
  call.leave()
  if (failure !== undefined) channel.fail(failure)
}

/** True if a call on `data` can be shared: shorter messages travel without being offered. */
export function isShareable({ size, engine }: Channel, data: TypedArray): boolean {
  return size > 1 && data.byteLength > engine.transport.eagerLimit(engine.worldRank)
}

/** The call's shared memory, the same for all ranks, and what rank 0 has sent for it. */
function* meet(channel: Channel, data: TypedArray): Steps<[SharedWork, Operation[]]> {
  const { rank, size, engine } = channel
  const type = elementTypeOf(data) as ElementType
  if (rank > 0) {
    const guest = new Guest(type, data.length, undefined)
    yield channel.irecvView(guest, 0)
    return [new SharedWork(guest.memory, size), []]
  }
  const memory = engine.workMemories.found(size)
  const invitation = new MessageView(type, data.length, memory)
  const others = Array.from({ length: size - 1 }, (_, index) => index + 1)
  return [new SharedWork(memory, size), others.map((dest) => channel.isendView(invitation, dest))]
}

/** A receive that takes what is offered as it is. */
class Guest extends MessageView {
  #memory: Region | undefined

  get memory(): Region {
    invariant(this.#memory !== undefined, 'an invitation that came without its memory')
    return this.#memory
  }

  override unpack(source: Region): void {
    this.#memory = source
  }
}

/** A rank's memory as the others reach it. */
interface Loan {
  readonly given: Whereabouts
  readonly got: Whereabouts
  /** The call is over: what has come to a copy goes to the rank's own array. */
  settle(): void
}

function lend(channel: Channel, { given, got }: Share): Loan {
  const from = given === undefined ? undefined : lendArray(channel, given, true)
  const to = got === given ? from : got === undefined ? undefined : lendArray(channel, got, false)
  const settle = (): void => {
    if (got !== undefined && to?.copy !== undefined) copyBytes(bytesOf(got), to.copy)
  }
  return { given: from?.where ?? NOWHERE, got: to?.where ?? NOWHERE, settle }
}

/** Where others reach an array: where it is, or in a copy, which has its elements if they are `needed`. */
function lendArray(
  channel: Channel,
  array: TypedArray,
  needed: boolean,
): { readonly where: Whereabouts; readonly copy?: Uint8Array } {
  const { transport } = channel.engine
  const nbytes = array.byteLength
  if (transport.isShared(array)) return { where: { ...placeOf(channel, array), nbytes } }
  const native = transport.sharesAddresses === true ? loadedMemory() : undefined
  if (native !== undefined) return { where: { segment: ADDRESS, offset: native.addressOf(array), nbytes } }
  const copy = bytesOf(channel.scratch(array, array.length))
  if (needed) copyBytes(copy, bytesOf(array))
  return { where: { ...placeOf(channel, copy), nbytes }, copy }
}

function placeOf({ engine }: Channel, bytes: Region): { readonly segment: number; readonly offset: number } {
  const place = engine.transport.placeOf?.(bytes)
  invariant(place !== undefined, 'ranks of one host that share no memory')
  return place
}

/** Memory that this rank reaches. */
interface Reach {
  /** Undefined if it is reached by its address alone. */
  readonly region: Region | undefined
  /** 0 if it is copied by region. */
  readonly address: number
}

/** The memory of all ranks during a call, to those who do the jobs. Offsets and lengths are bytes. */
class Stock {
  readonly #given: readonly (Reach | undefined)[]
  readonly #got: readonly (Reach | undefined)[]
  readonly #native: NativeMemory | undefined

  constructor({ size, engine }: Channel, call: SharedWork) {
    const ranks = Array.from({ length: size }, (_, rank) => rank)
    const [given, got] = [ranks.map((rank) => call.given(rank)), ranks.map((rank) => call.got(rank))]
    const byAddress = [...given, ...got].some(({ segment }) => segment === ADDRESS)
    this.#native = byAddress ? nativeMemory() : loadedMemory()
    const reach = ({ segment, offset, nbytes }: Whereabouts): Reach | undefined => {
      if (nbytes === 0) return undefined
      if (segment === ADDRESS) return { region: undefined, address: offset }
      return this.#own(engine.transport.bytesAt?.(segment, offset, nbytes) as Region)
    }
    this.#given = given.map(reach)
    this.#got = got.map(reach)
  }

  /** Copies what `rank` has given to `target`. */
  fetch(target: Uint8Array, rank: number, at: number): void {
    this.#copy(this.#own(target), 0, this.#given[rank] as Reach, at, target.length)
  }

  /** Copies `source` to where the result of `rank` goes. */
  deliver(source: Uint8Array, rank: number, at: number): void {
    this.#copy(this.#got[rank] as Reach, at, this.#own(source), 0, source.length)
  }

  /** Copies `source` to where the results go, of all ranks that want one. */
  deliverToAll(source: Uint8Array, at: number): void {
    for (const [rank, to] of this.#got.entries()) if (to !== undefined) this.deliver(source, rank, at)
  }

  /** Copies a part of what one rank has given to the same place in the result of another. */
  pass(source: number, dest: number, at: number, nbytes: number): void {
    this.#copy(this.#got[dest] as Reach, at, this.#given[source] as Reach, at, nbytes)
  }

  #own(region: Region): Reach {
    return { region, address: this.#native?.addressOf(region) ?? 0 }
  }

  #copy(to: Reach, toAt: number, from: Reach, fromAt: number, nbytes: number): void {
    if (this.#native !== undefined) this.#native.copy(to.address + toAt, from.address + fromAt, nbytes)
    else copyBytes(sliceOf(to.region as Region, toAt, nbytes), sliceOf(from.region as Region, fromAt, nbytes))
  }
}
