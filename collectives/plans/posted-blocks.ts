/**
 * Blocks of different lengths as a small call (small-calls.ts), of which a rank knows only those that it sends and takes
 * itself: what a rank posts begins with the lengths of its blocks, one for each rank or one for all, then come those that
 * are short. Long ones follow by messages: the ranks at both ends know that they are.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import { copyWords } from '../../runtime/base/words.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { Span } from '../../runtime/engine/board.ts'
import { copyOf } from '../blocks.ts'
import { smallCall, type Member, type SmallCall } from '../plan.ts'

/** Bytes of a rank's short blocks, all together at most: they are copied once more than in messages. */
export const MOST_POSTED_NBYTES = 65_536
/** Of what a rank posts, for others who do not know: longer than what lies in a slot of the board. */
const POSTED_NBYTES = 64
/** Blocks begin where words do. */
const ALIGNMENT = 4
/** Of one length, in elements. */
const LENGTH_NBYTES = 4

export interface Exchange {
  /** An array of the elements' type. */
  readonly like: TypedArray
  /** Ranks that get a block of this one, and ranks that it gets one of: masks without itself. */
  readonly dest: number
  readonly source: number
  readonly outgoing: (rank: number) => TypedArray
  readonly incoming: (rank: number) => TypedArray
  /** All ranks send one block, the same to all of `dest`; a short one, if these are several. */
  readonly alike: boolean
  /** Incoming blocks take the place of outgoing ones, of the same lengths. */
  readonly inPlace?: boolean
  /** What this rank does on its own, before anything is sent and at the end. */
  load(): void
  finish(): void
}

/** A block for a rank or from it, and where it lies in what is posted. */
interface Piece {
  readonly rank: number
  readonly block: TypedArray
  readonly span: Span
  at: number
}

export function postedBlocks(member: Member, exchange: Exchange): SmallCall {
  const { rank: me, size } = member
  const { like, dest, source, outgoing, incoming, alike, inPlace = false, load, finish } = exchange
  const lengths = alike ? 1 : size
  const room = roomBetween(like.BYTES_PER_ELEMENT, Math.floor(MOST_POSTED_NBYTES / lengths))
  const isLong = ({ block }: Piece): boolean => room(block.length) === undefined
  const receivers = ranksOf(dest, size)
  const sent = piecesOf(receivers.slice(0, lengths), outgoing)
  const taken = piecesOf(ranksOf(source, size), incoming)
  const [sentLong, takenLong] = [sent.filter(isLong), taken.filter(isLong)]

  let end = LENGTH_NBYTES * lengths
  for (const piece of sent) {
    piece.at = end
    end += room(piece.block.length) ?? 0
  }
  const memory = member.scratch(end)
  const bytes = new Uint8Array(memory, 0, dest === 0 ? 0 : end)
  const words = new Int32Array(memory)
  // Of what this rank posts, and after that of what others have posted.
  const header = new Uint32Array(memory, 0, lengths)
  const headerSpan = new Span(header)

  return smallCall(
    { unit: like.subarray(0, 0), nbytes: POSTED_NBYTES, dest, source },
    {
      given: bytes,
      load: () => {
        load()
        for (const { rank, block, span, at } of sent) {
          header[alike ? 0 : rank] = toldLength(block)
          if (span.words !== undefined) copyWords(words, at / 4, span.words, 0, span.words.length)
          else if (room(block.length) !== undefined) bytes.set(span.bytes, at)
        }
      },
      differs: (postings) => {
        for (const piece of taken) {
          const { rank, block } = piece
          postings.read(rank, headerSpan)
          const own = alike ? 0 : me
          const length = header[own] as number
          if (length !== toldLength(block)) return { rank, nbytes: length * like.BYTES_PER_ELEMENT, expected: block }
          piece.at = LENGTH_NBYTES * lengths
          for (let before = 0; before < own; before++)
            if (before !== rank) piece.at += room(header[before] as number) ?? 0
        }
        return undefined
      },
      take: (postings) => {
        for (const piece of taken) if (!isLong(piece)) postings.read(piece.rank, piece.span, piece.at)
      },
      finish,
    },
    {
      rest:
        sentLong.length + takenLong.length === 0
          ? undefined
          : (channel) => follow(channel, sentLong, takenLong, inPlace),
    },
  )
}

/** Bytes that a block of so many elements takes among those that are posted; undefined if it is too long. */
function roomBetween(unit: number, longest: number): (length: number) => number | undefined {
  return (length) => (length * unit > longest ? undefined : (length * unit + ALIGNMENT - 1) & -ALIGNMENT)
}

/** A longer one is told as the longest; the message that it comes in has its length. */
function toldLength({ length }: TypedArray): number {
  return Math.min(length, 0xffff_ffff)
}

/** Blocks that are too long to be posted. */
function* follow(channel: Channel, sent: readonly Piece[], taken: readonly Piece[], inPlace: boolean): Steps {
  const blocks = sent.map(({ rank, block }) => ({ rank, block: inPlace ? copyOf(block) : block }))
  const receives = taken.map(({ rank, block }) => channel.irecv(block, rank))
  yield* channel.settleAll([...receives, ...blocks.map(({ rank, block }) => channel.isend(block, rank))])
}

function piecesOf(ranks: readonly number[], blockOf: (rank: number) => TypedArray): Piece[] {
  return ranks.map((rank) => {
    const block = blockOf(rank)
    return { rank, block, span: new Span(block), at: 0 }
  })
}

function ranksOf(mask: number, size: number): number[] {
  return Array.from({ length: size }, (_, rank) => rank).filter((rank) => (mask & (1 << rank)) !== 0)
}
