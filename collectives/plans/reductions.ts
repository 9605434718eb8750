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
import { blocksAt, copyElements, equalBlocks, type Blocks } from '../blocks.ts'
import { checkCounts, checkOp, type Op, type ReduceFunction } from '../op.ts'
import type { InPlace, OpArgument, ReduceOptions, ReduceScatterOptions } from '../options.ts'
import {
  inOrder,
  othersThan,
  smallCall,
  type Deeds,
  type Member,
  type Plan,
  type Postings,
  type Roles,
  type SmallCall,
} from '../plan.ts'
import { reduceInTree, scanInTree } from '../power-of-two.ts'
import { exscanRecursiveDoubling, scanRecursiveDoubling } from '../scan/recursive-doubling.ts'
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
    small: ofBoard(op, roles, (combine) => ({
      given: given.array,
      load: () => given.load(),
      take: (postings) => copyElements(work.array, reduceAll(member, postings, given.array, combine)),
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
  const { rank, size } = member
  const others = othersThan(rank, size)
  const small: SmallReduction = { dest: others, source: others, reduce: (...args) => reduceAll(member, ...args) }
  return toAll('allreduce', [send, recv, options], small, (channel, { array, load, given }, op) => {
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
  return toAll('scan', [send, recv, options], prefix(member, true), inReceiveBuffer(scanRecursiveDoubling))
}

export function exscanPlan(
  member: Member,
  send: Operand,
  recv: Second<OpArgument>,
  options?: OpArgument,
): Plan<number | undefined> {
  const plan = toAll('exscan', [send, recv, options], prefix(member, false), inReceiveBuffer(exscanRecursiveDoubling))
  if (member.rank > 0) return plan
  return {
    ...plan,
    small: plan.small && { ...plan.small, finish: () => undefined },
    *steps(channel) {
      yield* plan.steps(channel)
      return undefined
    },
  }
}

/** A rank's part in a small scan: what is below it comes, what is above it gets its own. */
function prefix({ rank, size }: Member, inclusive: boolean): SmallReduction {
  const below = (1 << rank) - 1
  return {
    dest: othersThan(rank, size) & ~below,
    source: below,
    reduce: (postings, own, combine) => scanInTree(postings.operands(below, own), rank, inclusive, combine),
  }
}

/** The reduction of what all ranks have posted from element `first` on, in the tree of recursive doubling. */
function reduceAll(
  { rank, size }: Member,
  postings: Postings,
  own: TypedArray,
  combine: ReduceFunction,
  first?: number,
): TypedArray {
  return reduceInTree(postings.operands(othersThan(rank, size), own, first), combine)
}

export function reduceScatterPlan(
  member: Member,
  send: MessageBuffer | InPlace,
  recv: MessageBuffer,
  options: ReduceScatterOptions,
): Plan {
  const { op, counts } = optionsOf(options)
  if (counts === undefined) checkNames('reduceScatter', options, ['op', 'counts'])
  const into = received('reduceScatter', recv)
  const work = send === IN_PLACE ? inItself(into) : scratchCopy(send, 'reduceScatter')
  const blocks = reduceBlocks(member.size, work.array, op, counts)
  const mine = blocks.of(member.rank)
  if (send !== IN_PLACE) checkPair('reduceScatter', mine, into.array, 1)
  const others = othersThan(member.rank, member.size)
  const load = (): void => work.load()
  const finish = (): void => {
    copyElements(into.array, mine)
    into.commit()
  }
  return {
    call: 'reduceScatter',
    particulars: { op: op.name },
    small: ofBoard(op, reduced(work.given.array, others, others), (combine) => ({
      given: work.given.array,
      load: () => work.given.load(),
      take: (postings) => {
        const first = (mine.byteOffset - work.array.byteOffset) / mine.BYTES_PER_ELEMENT
        const own = work.given.array.subarray(first, first + mine.length)
        copyElements(into.array, reduceAll(member, postings, own, combine, first))
      },
      finish: () => into.commit(),
    })),
    steps: (channel) =>
      inOrder(
        load,
        () => {
          const algorithm = channel.uses(member.select('reduceScatter', work.array.byteLength, op))
          return settling(channel, op, (own) => algorithm(channel, blocks, own))
        },
        finish,
      ),
  }
}

/** `reduceScatterPlan` with equal blocks. */
export function reduceScatterBlockPlan(
  member: Member,
  send: MessageBuffer | InPlace,
  recv: MessageBuffer,
  { op }: OpArgument,
): Plan {
  return reduceScatterPlan(member, send, recv, { op })
}

/** Who takes what in a small reduction, and how what has been posted and a rank's own elements become its result. */
interface SmallReduction extends Pick<SmallCall, 'dest' | 'source'> {
  reduce(postings: Postings, own: TypedArray, combine: ReduceFunction): TypedArray
}

/** A reduction whose result all ranks get, from the arguments of its scalar or of its buffer form. */
function toAll(
  call: 'allreduce' | 'scan' | 'exscan',
  [send, recv, options]: readonly [Operand, Second<OpArgument>, OpArgument | undefined],
  { dest, source, reduce }: SmallReduction,
  prepare: Prepare,
): Plan<number | undefined> {
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
    small: ofBoard(op, reduced(work.array, dest, source), (combine) => ({
      given: work.given.array,
      load: source === 0 ? load : () => work.given.load(),
      take: (postings) => copyElements(work.array, reduce(postings, work.given.array, combine)),
      finish,
    })),
    steps: (channel) => {
      const prepared = prepare(channel, work, op)
      return inOrder(prepared.load, () => settling(channel, op, prepared.run), finish)
    },
  }
}

/** A small call through the board, with operations that cannot throw: what one rank computes, no other sees. */
function ofBoard<T>(op: Op, roles: Roles, deeds: (combine: ReduceFunction) => Deeds<T>): SmallCall<T> | undefined {
  return op.builtIn ? smallCall(roles, deeds(op.functionFor(roles.unit)), true) : undefined
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

function inReceiveBuffer(algorithm: (channel: Channel, data: TypedArray, op: Op) => Steps): Prepare {
  return (channel, { array, load }) => ({ load, run: (op) => algorithm(channel, array, op) })
}

/** Where a reduction works, and where the rank's elements are before they are loaded: in the same array or another. */
interface Operands extends Target {
  readonly given: Source
}

/** The receive buffer, with the rank's elements in it once loaded. */
function accumulator(call: string, send: MessageBuffer | InPlace, recv: MessageBuffer | undefined): Operands {
  const into = received(call, recv)
  if (send === IN_PLACE) return inItself(into)
  const given = sent(call, send)
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

/** The options of a reduction; missing ones are for the checks to find. */
function optionsOf<O>(options: O | undefined): O {
  return options ?? ({} as O)
}

/** One number as an array that the operation is defined on: integers for bitwise operations. */
export function scalarArray(call: string, value: number, op: Op | undefined): Operands {
  if (op?.bitwise !== true) return inItself(settled(Float64Array.of(value)))
  if ((value | 0) !== value)
    throw new MpiError('MPI_ERR_TYPE', `${call}: ${op.name} of ${value}, expected a 32-bit integer`)
  return inItself(settled(Int32Array.of(value)))
}

function inItself(target: Target): Operands {
  return { ...target, given: target }
}

export function reduceBlocks(size: number, work: TypedArray, op: Op, counts: readonly number[] | undefined): Blocks {
  checkOp('reduceScatter', op, work)
  if (counts === undefined) {
    const length = checkDivisible('reduceScatter', work, size)
    checkCounts('reduceScatter', op, new Array<number>(size).fill(length), work.length)
    return equalBlocks(work, length)
  }
  if (counts.length !== size)
    throw new MpiError('MPI_ERR_ARG', `reduceScatter: counts has ${counts.length} entries, expected ${size}`)
  checkCounts('reduceScatter', op, counts, work.length)
  return blocksAt(work, counts)
}
