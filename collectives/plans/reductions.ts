/** Plans of the reductions: reduce, allreduce, scan, exscan, reduceScatter. They work in the receive buffer. */
import { IN_PLACE } from '../../runtime/base/constants.ts'
import { newArrayLike, type TypedArray } from '../../runtime/base/element-type.ts'
import { MpiError } from '../../runtime/base/errors.ts'
import type { MessageBuffer } from '../../runtime/base/message-buffer.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import {
  checkDivisible,
  checkNames,
  checkPair,
  optionsOf,
  received,
  sent,
  settled,
  rootOf,
  type Source,
  type Target,
} from '../arguments.ts'
import { allreduceWorkSharing, reduceToAll } from '../allreduce/work-sharing.ts'
import { barrierDissemination } from '../barrier/dissemination.ts'
import { reduceToRoot, reduceWorkSharing } from '../reduce/work-sharing.ts'
import { blockLength, blocksAt, copyElements, equalBlocks, type Blocks } from '../blocks.ts'
import { fusedReduction, type Extent, type FusedReduction } from '../fused-reduction.ts'
import { BOARD_NBYTES, Span } from '../../runtime/engine/board.ts'
import { checkCounts, checkOp, type Op } from '../op.ts'
import type { InPlace, OpArgument, ReduceOptions, ReduceScatterOptions } from '../options.ts'
import {
  inOrder,
  othersThan,
  smallCall,
  type Deeds,
  type Member,
  type Parts,
  type Plan,
  type Postings,
  type Roles,
  type SmallCall,
} from '../plan.ts'
import { reduceInTree, scanInTree, type ScanKind } from '../power-of-two.ts'
import { scanOf, scanWorkSharing } from '../scan/work-sharing.ts'
import { loadBlock } from './movement.ts'

/** What a reduction takes: a number, or a buffer and where the result goes. */
export type Operand = number | MessageBuffer | InPlace
/** The second argument: the receive buffer, or the options of the scalar form. */
export type Second<O> = MessageBuffer | O | undefined

export function reducePlan(
  member: Member,
  send: Operand,
  recv: Second<ReduceOptions>,
  options?: ReduceOptions,
): Plan<number | undefined> {
  const scalar = typeof send === 'number'
  const chosen = optionsOf(scalar ? (recv as ReduceOptions | undefined) : options)
  const { op } = chosen
  const root = rootOf('reduce', chosen, member.size, ['root', 'op'])
  const isRoot = member.rank === root
  const work: Operands = scalar
    ? scalarArray('reduce', send, op)
    : isRoot
      ? accumulator('reduce', send, recv as MessageBuffer | undefined)
      : scratchCopy(send)
  const { given } = work
  const { byteLength } = given.array
  checkOp('reduce', op, given.array)
  const finish = (): number | undefined => {
    if (!isRoot) return undefined
    work.commit()
    return scalar ? (work.array[0] as number) : undefined
  }
  const roles = reduced(given.array, isRoot ? 0 : 1 << root, isRoot ? othersThan(root, member.size) : 0)
  return {
    call: 'reduce',
    particulars: { op: op.name, root },
    put: scalar ? putting(work, op) : undefined,
    small: ofBoard(member, op, { extent: 'all' }, roles, (reduce) => ({
      given: given.array,
      load: () => given.load(),
      take: (postings) => reduce(postings, given.array, work.array),
      finish,
    })),
    steps: (channel) => {
      const algorithm = channel.uses(member.select('reduce', byteLength, op))
      // This one reads the rank's elements where they are, and writes at the root only.
      if (algorithm === reduceWorkSharing) {
        const places = { given: given.array, got: isRoot ? work.array : given.array }
        const run: Reduce = (own) => reduceToRoot(channel, places, own, root)
        return inOrder(given.load, () => settling(channel, op, run), finish)
      }
      const run: Reduce = (own) => algorithm(channel, work.array, own, root)
      return inOrder(
        () => work.load(),
        () => settling(channel, op, run),
        finish,
      )
    },
  }
}

export function allreducePlan(
  member: Member,
  send: Operand,
  recv: Second<OpArgument>,
  options?: OpArgument,
): Plan<number | undefined> {
  const others = othersThan(member.rank, member.size)
  const reading: Reading = {
    dest: others,
    source: others,
    extent: 'all',
    most: MOST_REDUCED_BY_ALL_NBYTES,
    shared: true,
  }
  return toAll('allreduce', [send, recv, options], member, reading, (channel, { array, load, given }, op) => {
    const algorithm = channel.uses(member.select('allreduce', array.byteLength, op))
    // This one reads the rank's elements where they are.
    return algorithm === allreduceWorkSharing
      ? { load: given.load, run: (own) => reduceToAll(channel, given.array, array, own) }
      : { load, run: (own) => algorithm(channel, array, own, member.hosts) }
  })
}

export function scanPlan(
  member: Member,
  send: Operand,
  recv: Second<OpArgument>,
  options?: OpArgument,
): Plan<number | undefined> {
  return scanning(member, 'inclusive', [send, recv, options])
}

export function exscanPlan(
  member: Member,
  send: Operand,
  recv: Second<OpArgument>,
  options?: OpArgument,
): Plan<number | undefined> {
  const plan = scanning(member, 'exclusive', [send, recv, options])
  if (member.rank > 0) return plan
  return {
    ...plan,
    small: plan.small && smallCall(plan.small, { ...plan.small, finish: () => undefined }, plan.small),
    *steps(channel) {
      yield* plan.steps(channel)
      return undefined
    },
  }
}

/** A scan: what is below a rank comes, what is above it gets its own. */
function scanning(member: Member, kind: ScanKind, args: Arguments): Plan<number | undefined> {
  const { rank, size } = member
  const below = (1 << rank) - 1
  const reading = { dest: othersThan(rank, size) & ~below, source: below, extent: kind }
  const call = kind === 'inclusive' ? 'scan' : 'exscan'
  const plan = toAll(call, args, member, reading, (channel, { array, load, given }, op) => {
    const algorithm = channel.uses(member.select('scan', array.byteLength, op))
    // This one reads the rank's elements where they are, and writes nothing on rank 0.
    return algorithm === scanWorkSharing && rank > 0
      ? { load: given.load, run: (own) => scanOf(channel, { given: given.array, got: array }, own, kind) }
      : { load, run: (own) => algorithm(channel, array, own, kind) }
  })
  return { ...plan, algorithmsOf: 'scan' }
}

export function reduceScatterPlan(
  member: Member,
  send: MessageBuffer | InPlace,
  recv: MessageBuffer,
  options: ReduceScatterOptions,
): Plan {
  const { counts } = optionsOf(options)
  if (counts === undefined) checkNames('reduceScatter', options, ['op', 'counts'])
  return scatteredReduction('reduceScatter', member, send, recv, options)
}

/** `reduceScatterPlan` with equal blocks. */
export function reduceScatterBlockPlan(
  member: Member,
  send: MessageBuffer | InPlace,
  recv: MessageBuffer,
  options: OpArgument,
): Plan {
  const { op } = optionsOf(options)
  return scatteredReduction('reduceScatterBlock', member, send, recv, { op })
}

function scatteredReduction(
  call: 'reduceScatter' | 'reduceScatterBlock',
  member: Member,
  send: MessageBuffer | InPlace,
  recv: MessageBuffer,
  { op, counts }: ReduceScatterOptions,
): Plan {
  const into = received(call, recv)
  const work = send === IN_PLACE ? inItself(into) : scratchCopy(send, call)
  const { given } = work
  const blocks = reduceBlocks(call, member.size, given.array, op, counts)
  const lengths = counts && [...counts] // the program may change them before the plan is used again
  const own = blocks.of(member.rank)
  const first = (own.byteOffset - given.array.byteOffset) / own.BYTES_PER_ELEMENT
  if (send !== IN_PLACE) checkPair(call, own, into.array, 1, 'a block of')
  const others = othersThan(member.rank, member.size)
  return {
    call,
    algorithmsOf: 'reduceScatter',
    particulars: { op: op.name },
    small: ofBoard(member, op, { extent: 'all' }, reduced(given.array, others, others), (reduce) => ({
      given: given.array,
      load: () => given.load(),
      take: (postings) => reduce(postings, own, into.array, first),
      finish: () => into.commit(),
    })),
    steps: (channel) =>
      inOrder(
        () => work.load(),
        () => {
          const blocks = reduceBlocks(call, member.size, work.array, op, lengths)
          const algorithm = channel.uses(member.select('reduceScatter', work.array.byteLength, op))
          return settling(channel, op, (own) => algorithm(channel, blocks, own))
        },
        () => {
          copyElements(into.array, work.array.subarray(first, first + own.length))
          into.commit()
        },
      ),
  }
}

/** What of that which has been posted becomes a rank's result. */
interface Form {
  readonly extent: Extent
  /** Bytes of all operands together up to which the board is quicker than messages. */
  readonly most?: number
  /** All ranks get the same: long vectors are reduced once. */
  readonly shared?: true
}

/** The same, and who takes what. */
interface Reading extends Form, Pick<Roles, 'dest' | 'source'> {}

/**
 * 4 ranks on 2 cores, by the board and by messages: reduce of 128 KiB 39 and 207 us, of 256 KiB 101 and 121; scan of 256 KiB
 * 214 and 455; 8 ranks: reduce of 128 KiB 87 and 607.
 */
const MOST_REDUCED_NBYTES = 1_048_576
/**
 * Where each rank computes the whole result, ranks that share the work are quicker from here on. allreduce, 4 ranks on 2 cores: 128
 * KiB 96 and 225 us, 256 KiB 201 and 172; 2 ranks: 256 KiB 48 and 61; 8 ranks: 64 KiB 286 and 409, 128 KiB 498 and 555.
 */
const MOST_REDUCED_BY_ALL_NBYTES = 524_288

/** Of a call whose result all ranks get, in its scalar or in its buffer form. */
type Arguments = readonly [send: Operand, recv: Second<OpArgument>, options: OpArgument | undefined]

/** A reduction whose result all ranks get, from the arguments of its scalar or of its buffer form. */
function toAll(
  call: 'allreduce' | 'scan' | 'exscan',
  [send, recv, options]: Arguments,
  member: Member,
  reading: Reading,
  prepare: Prepare,
): Plan<number | undefined> {
  const { dest, source } = reading
  const scalar = typeof send === 'number'
  const { op } = optionsOf(scalar ? (recv as OpArgument | undefined) : options)
  const work = scalar ? scalarArray(call, send, op) : accumulator(call, send, recv as MessageBuffer)
  checkOp(call, op, work.array)
  const load = (): void => work.load()
  const finish = (): number | undefined => {
    work.commit()
    return scalar ? (work.array[0] as number) : undefined
  }
  return {
    call,
    particulars: { op: op.name },
    put: scalar ? putting(work, op) : undefined,
    small: ofBoard(member, op, reading, reduced(work.array, dest, source), (reduce) => ({
      given: work.given.array,
      load: source === 0 ? load : () => work.given.load(),
      take: (postings) => reduce(postings, work.given.array, work.array),
      finish,
    })),
    steps: (channel) => {
      const prepared = prepare(channel, work, op)
      return inOrder(prepared.load, () => settling(channel, op, prepared.run), finish)
    },
  }
}

/** A small call through the board, with operations that cannot throw: what one rank computes, no other sees. */
function ofBoard<T>(
  member: Member,
  op: Op,
  form: Form,
  roles: Roles,
  deeds: (reduce: BoardReduction) => Deeds<T>,
): SmallCall<T> | undefined {
  if (!op.builtIn) return undefined
  const { extent, most = MOST_REDUCED_NBYTES } = form
  const parts = form.shared === true ? reductionParts(member, op, roles.unit) : undefined
  if (parts !== undefined) return smallCall(roles, deeds(takingReduced()), { parts })
  const reduce = boardReduction(member, op, extent, roles.source)
  return smallCall(roles, deeds(reduce), { mostNbytes: Math.min(BOARD_NBYTES, most / member.size) })
}

/** result := what ranks have posted from element `first` on, reduced with this rank's own elements. */
type BoardReduction = (postings: Postings, own: TypedArray, result: TypedArray, first?: number) => void

function boardReduction({ rank, size }: Member, op: Op, extent: Extent, source: number): BoardReduction {
  let fused: FusedReduction | undefined
  let known = false
  return (postings, own, result, first = 0) => {
    if (!known) fused = fusedReduction(op, extent, { rank, size }, own)
    known = true
    if (fused !== undefined) return fused(postings.memory(own), postings.places(own, first), own, result)
    const [operands, combine] = [postings.operands(source, own, first), op.functionFor(own)]
    const all = extent === 'all'
    copyElements(result, all ? reduceInTree(operands, combine) : scanInTree(operands, rank, extent, combine)) // prettier-ignore
  }
}

/**
 * Bytes of a vector from which ranks are quicker that reduce it once, in parts: allreduce, 4 ranks on 2 cores, by parts and each for
 * itself, 64 KiB 57 and 91 us; by parts and by the messages of work-sharing.ts, 128 KiB 175 and 224, 256 KiB 197 and 581 (when V8
 * has compiled what those take, 320).
 */
const SHARED_NBYTES = 65_536
/** With fewer, a rank that has lost its core would be waited for. */
const PARTS_A_RANK = 2
const LINE_NBYTES = 64

/** The parts of a reduction of vectors like `unit`, each a piece of all of them; undefined if they are short, or have no loop. */
function reductionParts({ rank, size }: Member, op: Op, unit: TypedArray): Parts | undefined {
  const { length, byteLength } = unit
  if (byteLength < SHARED_NBYTES || byteLength > BOARD_NBYTES) return undefined
  const fused = fusedReduction(op, 'all', { rank, size }, unit)
  if (fused === undefined) return undefined
  const longest = blockLength(length, PARTS_A_RANK * size, LINE_NBYTES)
  const work = (postings: Postings, part: number): void => {
    const first = part * longest
    const memory = postings.memory(unit)
    const places = postings.places(unit, first)
    const posted = (rank: number): TypedArray => {
      const at = places[rank] as number
      return memory.subarray(at, at + Math.min(longest, length - first))
    }
    fused(memory, places, posted(rank), posted(0))
  }
  return { count: Math.ceil(length / longest), work }
}

/** Takes what parts have left where rank 0 had posted. */
function takingReduced(): BoardReduction {
  let span: Span | undefined
  return (postings, _own, result) => postings.read(0, (span ??= new Span(result)))
}

/** Ranks that post vectors like `unit`. */
function reduced(unit: TypedArray, dest: number, source: number): Roles {
  return { unit, nbytes: unit.byteLength, dest, source }
}

/** Chooses how a reduction is made: what takes the elements to where the algorithm wants them, and the algorithm. */
type Prepare = (channel: Channel, work: Operands, op: Op) => { readonly load: () => void; readonly run: Reduce }

/** Makes a reduction with the operation as the call uses it. */
type Reduce = (op: Op) => Steps

/**
 * A reduction. With an operation of the program's, which may throw on one rank and not on another, nobody ends before all
 * ranks can have told it so: either all throw, or none.
 */
function settling(channel: Channel, op: Op, reduce: Reduce): Steps {
  return op.builtIn ? reduce(op) : agreeing(channel, op, reduce)
}

function* agreeing(channel: Channel, op: Op, reduce: Reduce): Steps {
  yield* reduce(op.within(channel))
  yield* barrierDissemination(channel)
}

/** Where a reduction works, and where the rank's elements are before they are loaded: in the same array or another. */
interface Operands extends Target {
  readonly given: Source
}

/** The receive buffer, with the rank's elements in it once loaded. */
function accumulator(call: string, send: MessageBuffer | InPlace, recv: MessageBuffer | undefined): Operands {
  if (send === IN_PLACE) return inItself(received(call, recv))
  // First: of `allreduce(5n, { op })`, the bigint is wrong, not the options that stand where a buffer would.
  const given = sent(call, send)
  const into = received(call, recv)
  checkPair(call, given.array, into.array, 1)
  return { array: into.array, load: () => loadBlock(given, into.array), commit: into.commit, given }
}

/** Memory of the call's own, with the rank's elements in it once loaded. Made when it is needed: some calls do without. */
function scratchCopy(send: MessageBuffer | InPlace, call = 'reduce'): Operands {
  const given = sent(call, send)
  let made: TypedArray | undefined
  return {
    given,
    get array() {
      return (made ??= newArrayLike(given.array, given.array.length))
    },
    load() {
      loadBlock(given, this.array)
    },
    commit: () => undefined,
  }
}

/** One number as an array that the operation is defined on: integers for bitwise operations. */
export function scalarArray(call: string, value: number, op: Op | undefined): Operands {
  if (op?.bitwise !== true) return inItself(settled(Float64Array.of(value)))
  if ((value | 0) !== value)
    throw new MpiError('MPI_ERR_TYPE', `${call}: ${op.name} of ${value}, expected a 32-bit integer`)
  return inItself(settled(Int32Array.of(value)))
}

/** What `scalarArray` has made takes another number. */
function putting({ array }: Operands, { bitwise }: Op): (value: number) => boolean {
  return (value) => {
    if (bitwise && (value | 0) !== value) return false
    array[0] = value
    return true
  }
}

function inItself(target: Target): Operands {
  return { ...target, given: target }
}

/** @param form the call as the program makes it, for error messages */
export function reduceBlocks(
  form: string,
  size: number,
  work: TypedArray,
  op: Op,
  counts: readonly number[] | undefined,
): Blocks {
  checkOp(form, op, work)
  if (counts === undefined) {
    const length = checkDivisible(form, work, size)
    checkCounts(form, op, new Array<number>(size).fill(length), work.length)
    return equalBlocks(work, length)
  }
  if (counts.length !== size)
    throw new MpiError('MPI_ERR_ARG', `${form}: counts has ${counts.length} entries, expected ${size}`)
  checkCounts(form, op, counts, work.length)
  return blocksAt(work, counts)
}
