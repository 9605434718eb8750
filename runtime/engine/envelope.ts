/**
 * What is known of a message before its bytes are touched, and whether it fits the receive that it has met.
 *
 * Invariant: a message that does not fit is told in an error which names both sides. Ranks are world ranks.
 */
import { callNumber } from '../base/call-numbers.ts'
import { ELEMENT_TYPES, FAILURE, OBJECT, type ElementType } from '../base/element-type.ts'
import { invariant, MpiError } from '../base/errors.ts'
import type { MessageView } from '../base/message-buffer.ts'
import { sliceOf, type Region } from '../base/region.ts'
import type { Frame } from '../transport/transport.ts'
import type { MatchKey } from './match-queues.ts'
import type { Agreement, Operation } from './operation.ts'

/** A message that arrived before its receive: its envelope and its bytes, or where they are. */
export interface Unexpected extends MatchKey {
  readonly kind: number
  readonly flags: number
  readonly elementType: number
  readonly id: number
  readonly aux: number
  readonly nbytes: number
  readonly payload: Uint8Array | undefined
  /** Where the bytes lie; of a message from afar, as soon as they have come. */
  region: Region | undefined
  readonly address: number
}

/** What a probe tells of a message. `source` is a world rank. */
export interface Envelope {
  readonly source: number
  readonly tag: number
  readonly nbytes: number
  readonly elementType: ElementType
}

/** What a probe tells of a message. */
export function envelopeOf({ source, tag, nbytes, elementType }: Unexpected): Envelope {
  return { source, tag, nbytes, elementType: typeOfCode(elementType) }
}

/** What a message says that a receive must agree with. */
type Claim = Pick<Unexpected, 'aux' | 'elementType' | 'nbytes' | 'source' | 'tag'>

/** The error of a receive whose message does not fit it, or undefined if it fits. */
export function mismatch(
  receive: Pick<Operation, 'agreement' | 'view' | 'call'>,
  message: Claim,
  worldRank: number,
): MpiError | undefined {
  const { agreement, view } = receive
  if (fits(agreement, view, message)) return undefined
  if (agreement !== undefined && message.aux !== agreement.signature)
    return new MpiError(
      'MPI_ERR_OTHER',
      `the ranks of a communicator called different collectives: world rank ${worldRank} called ${agreement.describe(agreement.signature)}, world rank ${message.source} called ${agreement.describe(message.aux)}`,
    )
  const sent = typeOfCode(message.elementType)
  const expected = receive.view?.elementType ?? OBJECT
  const number = agreement === undefined ? `tag ${message.tag}` : callNumber(message.tag)
  const between = `message from world rank ${message.source} to world rank ${worldRank}, ${number}`
  if (sent.code !== expected.code)
    return new MpiError(
      'MPI_ERR_TYPE',
      `${receive.call}: the sender sent ${sent.name} elements, the receive buffer holds ${expected.name} (${between})${sent === OBJECT ? '; receive it with recvObject' : ''}`,
    )
  const room = receive.view?.nbytes ?? Infinity
  const elements = (nbytes: number): string => `${nbytes / sent.bytes} ${sent.name} elements (${nbytes} bytes)`
  if (agreement !== undefined && receive.view !== undefined && message.nbytes !== room) {
    const { inAll, blocks = 1 } = agreement
    const areWhole = message.nbytes % (blocks * sent.bytes) === 0 && room % (blocks * sent.bytes) === 0
    const [came, awaited] = [message.nbytes, room].map((nbytes) => elements(areWhole ? nbytes / blocks : nbytes))
    const whole = inAll === undefined ? '' : `; world rank ${worldRank} has ${inAll} in all, cut into segments`
    return new MpiError(
      'MPI_ERR_COUNT',
      `${receive.call}: the ranks disagree on the number of elements: ${came} came where ${awaited} were expected${whole} (${between})`,
    )
  }
  if (message.nbytes <= room) return undefined
  return new MpiError(
    'MPI_ERR_TRUNCATE',
    `${receive.call}: the sender sent ${elements(message.nbytes)}, the receive buffer has room for ${elements(room)} (${between})`,
  )
}

/** True if a message is what its receive expects; an exact answer for buffers, a first one for objects. */
function fits(agreement: Agreement | undefined, view: MessageView | undefined, message: Claim): boolean {
  if (view === undefined || view.elementType.code !== message.elementType) return false
  if (agreement === undefined) return message.nbytes <= view.nbytes
  return message.aux === agreement.signature && message.nbytes === view.nbytes
}

/** The element type that a header names. */
export function typeOfCode(code: number): ElementType {
  const type = ELEMENT_TYPES[code]
  invariant(type !== undefined, `element type ${code}`)
  return type
}

/** True if a message says, to a receive of the same collective call, that the call has failed. */
export function isFailure({ agreement }: Operation, { elementType, aux }: Unexpected | Frame): boolean {
  return elementType === FAILURE.code && agreement !== undefined && aux === agreement.signature
}

/** What a rank says of a failure. One that has no window left for it offers it in memory that this rank may not reach. */
export function failureText({ payload, region, source, nbytes }: Unexpected | Frame): string {
  const bytes = payload ?? (region === undefined ? undefined : sliceOf(region, 0, nbytes))
  if (bytes === undefined) return `the operation threw on a rank of which world rank ${source} has heard`
  return Buffer.from(bytes).toString()
}
