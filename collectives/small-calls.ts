/**
 * Small blocking collective calls among ranks of one host, made through a board in shared memory (engine/board.ts) instead
 * of messages: a rank posts its elements, waits until those it needs have posted theirs, and computes on its own.
 *
 * Cost: a cache line written and p - 1 read by each rank, whatever the call. Every rank combines all operands itself, in
 * the tree of power-of-two.ts: the bits are those of recursive doubling, on all ranks. A board is founded by the first call
 * after some that went by messages; all ranks count alike. Nonblocking and persistent calls, calls of which an algorithm was
 * forced and all longer ones take messages.
 */
import { elementTypeOf, newArrayLike, type ElementType, type TypedArray } from '../runtime/base/element-type.ts'
import { MpiError } from '../runtime/base/errors.ts'
import { isRemembered, resolveBuffer } from '../runtime/base/message-buffer.ts'
import type { Region } from '../runtime/base/region.ts'
import type { Channel } from '../runtime/comm/channel.ts'
import type { Group } from '../runtime/comm/group.ts'
import { describeSignature, signatureOf, type CollectiveName } from '../runtime/comm/signature.ts'
import { Board, boardBytes, BOARD_NBYTES, MOST_BOARD_RANKS } from '../runtime/engine/board.ts'
import type { Engine } from '../runtime/engine/engine.ts'
import { mismatch } from '../runtime/engine/envelope.ts'
import type { Operation } from '../runtime/engine/operation.ts'
import { bcastBinomial } from './bcast/binomial.ts'
import { copyElements } from './blocks.ts'
import type { Op } from './op.ts'
import type { Plan, SmallCall } from './plan.ts'
import { reduceInTree } from './power-of-two.ts'
import { complete } from './requests.ts'

/** Calls before a board is worth its founding. */
const CALLS_BEFORE = 8

/** What a rank knows of its communicator. */
export interface Membership {
  readonly engine: Engine
  readonly group: Group
  readonly rank: number
  readonly size: number
  /** Context of collective calls. */
  readonly context: number
  /** Memory of boards whose communicators this rank has freed. */
  readonly retired: Retired[]
  /** A call begins; its number in the communicator. */
  begin(call: CollectiveName): number
  /** The call has ended well. */
  end(): void
  /** The call failed. @throws the error, after the communicator's handler has seen it */
  raise(error: unknown): never
}

/** Memory of a board that this rank has founded and left. */
export interface Retired {
  readonly board: Board
  readonly memory: Region
}

/** A call on its way. */
interface Call<T> {
  readonly name: CollectiveName
  readonly small: SmallCall<T>
  readonly number: number
  readonly signature: number
}

export class SmallCalls {
  board: Board | undefined
  readonly #member: Membership
  readonly #isPossible: () => boolean
  #possible: boolean | undefined
  #before = 0
  #memory: Region | undefined
  /** A call is under way; those that a program makes meanwhile wait for their turn. */
  #busy = false
  readonly #queue: (() => void)[] = []
  #parts: Parts | undefined

  /** @param isPossible whether all ranks share a host; asked once */
  constructor(member: Membership, isPossible: () => boolean) {
    this.#member = member
    this.#isPossible = isPossible
  }

  /** True if a call is small enough. The same on all ranks. */
  serves({ array }: SmallCall<unknown>): boolean {
    this.#possible ??= this.#mayFound()
    return this.#possible && array.byteLength <= BOARD_NBYTES
  }

  #mayFound(): boolean {
    const { size, engine } = this.#member
    return size > 1 && size <= MOST_BOARD_RANKS && engine.transport.bytesAt !== undefined && this.#isPossible()
  }

  /** Asked once in each small call that goes by messages: true in the one that shall found the board, on all ranks. */
  isDue(): boolean {
    return ++this.#before === CALLS_BEFORE
  }

  /** Founds the board inside of a call that goes by messages. Collective. */
  async found(channel: Channel): Promise<void> {
    const { engine, group, rank, size } = this.#member
    const place = Float64Array.of(-1, 0)
    if (rank === 0) place.set(this.#allocate())
    await complete(bcastBinomial(channel, place, 0))
    const [segment = -1, offset = 0] = place
    if (segment < 0) return
    const memory = engine.transport.bytesAt?.(segment, offset, boardBytes(size).all) as Region
    this.board = new Board(memory, rank, size, (other) => engine.nudge(group.worldRank(other)))
  }

  /** Place of a new board; without memory, all calls go on by messages. */
  #allocate(): [segment: number, offset: number] {
    const { engine, size, retired } = this.#member
    const { transport } = engine
    for (const { board, memory } of retired.splice(0))
      if (board.isDeserted) transport.free(memory)
      else retired.push({ board, memory })
    const { all, zeroed } = boardBytes(size)
    try {
      const memory = (this.#memory = transport.alloc(all))
      new Uint8Array(memory.buffer, memory.byteOffset, zeroed).fill(0)
      const { segment, offset } = transport.placeOf?.(memory) ?? { segment: -1, offset: 0 }
      return [segment, offset]
    } catch {
      return [-1, 0]
    }
  }

  /** The communicator has been freed. */
  leave(): void {
    this.board?.leave()
    if (this.board !== undefined && this.#memory !== undefined)
      this.#member.retired.push({ board: this.board, memory: this.#memory })
  }

  /** Makes a call. */
  async make<T>(made: Plan<T>, small: SmallCall<T>, board: Board): Promise<T> {
    const number = this.#member.begin(made.call)
    if (this.#busy) await new Promise<void>((resolve) => this.#queue.push(resolve))
    this.#busy = true
    const { recorder } = this.#member.engine
    const begun = recorder?.now() ?? 0
    const place = recorder?.place(made.call)
    const signature = (small.signature ??= signatureOf(made.call, made.particulars))
    const call = { name: made.call, small, number, signature }
    try {
      small.load()
      board.begin(signature)
      const { posters, readers } = partsOf(small, board)
      const own = 1 << board.rank
      if ((posters & own) !== 0) {
        if (!board.hasRoom()) await this.#untilRoom(call, board)
        board.post(signature, typeOf(small).code, bytesOf(small))
        board.tell(readers, posters)
      }
      if ((readers & own) !== 0) {
        if (!board.havePosted(posters)) await this.#untilPosted(call, board, posters)
        this.#take(call, board, posters)
      }
      board.end()
      const { context } = this.#member
      const nbytes = (posters & own) === 0 ? 0 : small.array.byteLength
      recorder?.collective({ call: made.call, context, place, begun, algorithm: 'sharedBoard', nbytes })
      this.#member.end()
      return small.finish()
    } catch (error) {
      return this.#member.raise(error)
    } finally {
      const next = this.#queue.shift()
      if (next === undefined) this.#busy = false
      else next()
    }
  }

  /** All others have posted: their elements come together, or the root's come here. */
  #take(call: Call<unknown>, board: Board, posters: number): void {
    const { small, signature } = call
    const { array, op, root } = small
    for (let rank = 0; rank < board.size; rank++)
      if ((posters & (1 << rank)) !== 0 && !board.agrees(rank, signature, typeOf(small).code, array.byteLength))
        throw this.#disagreement(call, board, rank)
    if (op !== undefined) this.#reduce(small, op, board)
    else if (root !== undefined) board.read(root, bytesOf(small))
  }

  #reduce({ array }: SmallCall<unknown>, op: Op, board: Board): void {
    const { arrays, bytes } = this.#partsLike(array)
    for (let rank = 0; rank < board.size; rank++)
      if (rank === board.rank) copyElements(arrays[rank] as TypedArray, array)
      else board.read(rank, bytes[rank] as Uint8Array)
    copyElements(array, reduceInTree(arrays, op.functionFor(array)))
  }

  #partsLike(array: TypedArray): Parts {
    const known = this.#parts
    const [first] = known?.arrays ?? []
    if (known !== undefined && first?.constructor === array.constructor && first.length === array.length) return known
    const arrays = Array.from({ length: this.#member.size }, () => newArrayLike(array, array.length))
    return (this.#parts = { arrays, bytes: arrays.map(asBytes) })
  }

  // ---- waiting -----------------------------------------------------------------------------------------------

  async #untilPosted(call: Call<unknown>, board: Board, posters: number): Promise<void> {
    const { engine } = this.#member
    if (engine.transport.linger?.(() => board.havePosted(posters)) === true) return
    await this.#until(
      call,
      () => board.havePostedNow(posters),
      () => board.missing(posters),
    )
  }

  async #untilRoom(call: Call<unknown>, board: Board): Promise<void> {
    const { engine } = this.#member
    if (engine.transport.linger?.(() => board.hasRoom()) === true) return
    await this.#until(
      call,
      () => board.hasRoomNow(),
      () => board.last(),
    )
  }

  #until(call: Call<unknown>, isMet: () => boolean, missing: () => number): Promise<void> {
    const { engine, group, context } = this.#member
    const { name, number, signature } = call
    const condition = {
      isMet: () => isMet() || this.#checkStray(name, number),
      awaited: () => group.worldRank(Math.max(missing(), 0)),
    }
    const operation: Operation = engine.until(condition, { context, source: -1, tag: number }, name, {
      signature,
      describe: describeSignature,
    })
    return operation.settled()
  }

  /** A message of this very call: its sender takes it for one that goes by messages. @throws {MpiError} MPI_ERR_OTHER */
  #checkStray(name: CollectiveName, number: number): false {
    const { engine, context } = this.#member
    const stray = engine.oldestUnexpected(context)
    if (stray?.tag !== number) return false
    throw new MpiError(
      'MPI_ERR_OTHER',
      `${name}: the ranks of a communicator called different collectives: world rank ${stray.source} called ${describeSignature(stray.aux)} where world rank ${engine.worldRank} called ${name}`,
    )
  }

  #disagreement({ name, small, number, signature }: Call<unknown>, board: Board, rank: number): MpiError {
    const { engine, group } = this.#member
    const posting = board.posting(rank)
    const source = group.worldRank(rank)
    const agreement = { signature, describe: describeSignature }
    const claim = { ...posting, aux: posting.signature, source, tag: number }
    return (
      mismatch({ agreement, call: name, view: resolveBuffer(small.array, name) }, claim, engine.worldRank) ??
      new MpiError(
        'MPI_ERR_OTHER',
        `${name}: the ranks of a communicator called different collectives: before its call number ${number}, world rank ${source} made other calls than world rank ${engine.worldRank}, or with another root or operation`,
      )
    )
  }
}

interface Parts {
  readonly arrays: readonly TypedArray[]
  readonly bytes: readonly Uint8Array[]
}

/** Who posts and who reads, as masks. */
function partsOf({ root, op }: SmallCall<unknown>, { everybody }: Board): { posters: number; readers: number } {
  if (root === undefined) return { posters: everybody, readers: everybody }
  const top = 1 << root
  const others = everybody & ~top
  return op === undefined ? { posters: top, readers: others } : { posters: others, readers: top }
}

function typeOf(small: SmallCall<unknown>): ElementType {
  return (small.type ??= elementTypeOf(small.array) as ElementType)
}

function bytesOf(small: SmallCall<unknown>): Uint8Array {
  return (small.bytes ??= asBytes(small.array))
}

function asBytes(array: TypedArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

/** The options of calls whose plans are kept. */
export interface PlanOptions {
  readonly op?: Op
  readonly root?: number
}

/** The latest plan of a call, and what it was made for. */
export class LatestPlan<T> {
  #plan: Plan<T> | undefined
  #send: unknown
  #recv: unknown
  #op: Op | undefined
  #root: number | undefined
  #nbytes = 0

  /** The plan, if it was made for the same arguments. */
  recall(send: unknown, recv: unknown, options: PlanOptions | undefined): Plan<T> | undefined {
    const plan = this.#plan
    if (plan === undefined || send !== this.#send || recv !== this.#recv) return undefined
    if (options?.op !== this.#op || options?.root !== this.#root) return undefined
    // A buffer that was transferred or resized meanwhile has another length.
    return plan.small?.array.byteLength === this.#nbytes ? plan : undefined
  }

  /** Keeps a plan if that does no harm: small buffers, and none that it would have to find out about anew. */
  remember(plan: Plan<T>, send: unknown, recv: unknown, options: PlanOptions | undefined): Plan<T> {
    const nbytes = plan.small?.array.byteLength ?? Infinity
    if (nbytes > BOARD_NBYTES || !mayKeep(send) || !mayKeep(recv)) return plan
    this.#plan = plan
    this.#send = send
    this.#recv = recv
    this.#op = options?.op
    this.#root = options?.root
    this.#nbytes = nbytes
    return plan
  }
}

/** Typed arrays, markers such as IN_PLACE, and what is not there. */
function mayKeep(argument: unknown): boolean {
  return argument === undefined || typeof argument === 'symbol' || isRemembered(argument)
}
