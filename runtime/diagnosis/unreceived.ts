/** Messages that nobody has received, as reports tell them: those that are alike are counted. */
import { homeOf, isCollective } from '../base/contexts.ts'
import { describeSignature } from '../base/signature.ts'
import type { UnreceivedPicture } from './picture.ts'

/** Lines of a list that are told; the messages of others are counted. */
const SHOWN = 12

/** What is known of one such message. */
export interface UnreceivedMessage {
  readonly context: number
  /** World rank. */
  readonly source: number
  readonly tag: number
  readonly nbytes: number
  readonly elementType: { readonly name: string }
  /** Of the collective call that sent it, 0 for point-to-point. */
  readonly signature: number
  /** A probe has taken it, so that no other receive can. */
  readonly matched: boolean
}

export interface UnreceivedPictures {
  readonly unreceived: readonly UnreceivedPicture[]
  readonly moreUnreceived: number
}

export function unreceivedPictures(messages: readonly UnreceivedMessage[]): UnreceivedPictures {
  const groups = new Map<string, UnreceivedPicture & { messages: number }>()
  for (const { source, context, tag, nbytes, elementType, signature, matched } of messages) {
    const key = `${source} ${context} ${tag} ${matched}`
    const group = groups.get(key)
    if (group !== undefined) group.messages++
    else
      groups.set(key, {
        source,
        context: homeOf(context),
        tag,
        nbytes,
        elements: elementType.name,
        messages: 1,
        collective: isCollective(context) ? describeSignature(signature) : undefined,
        matched,
      })
  }
  const all = [...groups.values()]
  return {
    unreceived: all.slice(0, SHOWN),
    moreUnreceived: all.slice(SHOWN).reduce((sum, { messages }) => sum + messages, 0),
  }
}
