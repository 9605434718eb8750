/**
 * Blocks of different lengths as a small call (small-calls.ts), of which a rank knows only those that it sends and takes
 * itself: what a rank posts begins with the lengths of its blocks, one for each rank or one for all, then come those that
 * are short. Long ones follow by messages: the ranks at both ends know that they are.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { BOARD_NBYTES, MOST_BOARD_RANKS, Span, type Payload } from '../../runtime/engine/board.ts'
import { copyOf, type Blocks } from '../blocks.ts'
import { smallCall, type Member, type SmallCall } from '../plan.ts'

/**
 * Bytes of a rank's short blocks, all together at most: as in other small calls. 4 ranks on 2 cores, here and by messages:
 * alltoallv of 128 KiB 175 and 262 us, of 256 KiB 184 and 394; scatterv 70 and 91.
 */
export const MOST_POSTED_NBYTES = BOARD_NBYTES
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
  readonly outgoing: Blocks
  readonly incoming: Blocks
  /** All ranks send one block, the same to all of `dest`; a short one, if these are several. */
  readonly alike: boolean
  /** Incoming blocks take the place of outgoing ones, of the same lengths. */
  readonly inPlace?: boolean
  /** What this rank does on its own, before anything is sent and at the end. */
  load(): void
  finish(): void
}

/** Something that is posted, and where it lies in it. */
interface Part {
  readonly span: Span
  at: number
}

/** A short block for a rank or from it. */
interface Piece extends Part {
  readonly rank: number
}

/** Undefined where there is no board. What takes time is made in the first call: nonblocking ones make plans too. */
export function postedBlocks(member: Member, exchange: Exchange): SmallCall | undefined {
  const { rank: me, size, hosts } = member
  if (size > MOST_BOARD_RANKS || hosts.count > 1) return undefined
  const { like, dest, source, outgoing, incoming, alike, load, finish } = exchange
  const lengths = alike ? 1 : size
  const first = LENGTH_NBYTES * lengths
  const room = roomBetween(like.BYTES_PER_ELEMENT, Math.floor(MOST_POSTED_NBYTES / lengths))
  const receivers = ranksOf(dest, size).slice(0, lengths)
  const senders = ranksOf(source, size)
  const end = receivers.reduce((at, rank) => at + (room(outgoing.countOf(rank)) ?? 0), first)

  // Of what this rank posts, and after that of what others have posted.
  const header = new Uint32Array(lengths)
  let headerSpan: Span | undefined
  let taken: readonly Piece[] | undefined

  const isLong = (blocks: Blocks) => (rank: number) => room(blocks.countOf(rank)) === undefined
  const [sentLong, takenLong] = [receivers.filter(isLong(outgoing)), senders.filter(isLong(incoming))]
  const rest = (channel: Channel): Steps => follow(channel, sentLong, takenLong, exchange)

  return smallCall(
    { unit: like.subarray(0, 0), nbytes: POSTED_NBYTES, dest, source },
    {
      given: new PostedBlocks(end, header, () => piecesOf(receivers, outgoing, room, first)),
      load: () => {
        load()
        for (const rank of receivers) header[alike ? 0 : rank] = toldLength(outgoing.countOf(rank))
      },
      differs: (postings) => {
        headerSpan ??= new Span(header)
        taken ??= piecesOf(senders, incoming, room, first)
        let short = 0
        for (const rank of senders) {
          postings.read(rank, headerSpan)
          const own = alike ? 0 : me
          const length = header[own] as number
          if (length !== toldLength(incoming.countOf(rank)))
            return { rank, nbytes: length * like.BYTES_PER_ELEMENT, expected: incoming.of(rank) }
          if (room(length) === undefined) continue
          const piece = taken[short++] as Piece
          piece.at = first
          for (let before = 0; before < own; before++)
            if (before !== rank) piece.at += room(header[before] as number) ?? 0
        }
        return undefined
      },
      take: (postings) => {
        for (const { rank, span, at } of taken as readonly Piece[]) postings.read(rank, span, at)
      },
      finish,
    },
    {
      rest: sentLong.length + takenLong.length === 0 ? undefined : rest,
      mayFollow: !alike || dest === 0 || source === 0,
    },
  )
}

/** The lengths of a rank's blocks, then the short ones among them. */
class PostedBlocks implements Payload {
  readonly nbytes: number
  readonly #header: Uint32Array
  readonly #pieces: () => readonly Part[]
  #parts: readonly Part[] | undefined

  constructor(nbytes: number, header: Uint32Array, pieces: () => readonly Part[]) {
    this.nbytes = nbytes
    this.#header = header
    this.#pieces = pieces
  }

  copyTo(words: Int32Array, bytes: Uint8Array, at: number): void {
    this.#parts ??= [{ at: 0, span: new Span(this.#header) }, ...this.#pieces()]
    for (const part of this.#parts) part.span.copyTo(words, bytes, at + part.at)
  }
}

/** Bytes that a block of so many elements takes among those that are posted; undefined if it is too long. */
type Room = (length: number) => number | undefined

function roomBetween(unit: number, longest: number): Room {
  return (length) => (length * unit > longest ? undefined : (length * unit + ALIGNMENT - 1) & -ALIGNMENT)
}

/** A longer one is told as the longest; the message that it comes in has its length. */
function toldLength(length: number): number {
  return Math.min(length, 0xffff_ffff)
}

/** Blocks that are too long to be posted. */
function* follow(
  channel: Channel,
  receivers: readonly number[],
  senders: readonly number[],
  { outgoing, incoming, inPlace = false }: Exchange,
): Steps {
  const sent = receivers.map((rank) => (inPlace ? copyOf(outgoing.of(rank)) : outgoing.of(rank)))
  const receives = senders.map((rank) => channel.irecv(incoming.of(rank), rank))
  const sends = sent.map((block, index) => channel.isend(block, receivers[index] as number))
  yield* channel.settleAll([...receives, ...sends])
}

/** The short blocks of these ranks, one after the other from `first` on. */
function piecesOf(ranks: readonly number[], blocks: Blocks, room: Room, first: number): Piece[] {
  let next = first
  return ranks.flatMap((rank) => {
    const at = next
    const nbytes = room(blocks.countOf(rank))
    if (nbytes === undefined) return []
    next += nbytes
    return [{ rank, span: new Span(blocks.of(rank)), at }]
  })
}

function ranksOf(mask: number, size: number): number[] {
  return Array.from({ length: size }, (_, rank) => rank).filter((rank) => (mask & (1 << rank)) !== 0)
}
