/**
 * Central barrier: every rank tells rank 0 that it has come, rank 0 tells all that they may go.
 * Cost: 2 * (p - 1) * alpha at rank 0, 2 * alpha elsewhere. Restrictions: none.
 *
 * Rank 0 answers when it has heard from all, so nobody leaves before all have come. It has 2 (p - 1) messages in all
 * where dissemination has p log2 p, and a rank is woken once: fewer turns when ranks share cores.
 */
import type { Channel, Steps } from '../../runtime/comm/channel.ts'

const NOTHING = new Uint8Array(0)

export function* barrierCentral(channel: Channel): Steps {
  yield* arrive(channel)
  yield* release(channel)
}

/** Rank 0 goes on when all have come; the others at once. */
export function* arrive(channel: Channel): Steps {
  const { rank, size } = channel
  if (rank !== 0) return yield* channel.send(NOTHING, 0)
  const receives = []
  for (let source = 1; source < size; source++) receives.push(channel.irecv(NOTHING, source))
  yield* channel.settleAll(receives)
}

/** The others go on when rank 0 has come here. */
export function* release(channel: Channel): Steps {
  const { rank, size } = channel
  if (rank !== 0) return yield* channel.recv(NOTHING, 0)
  const sends = []
  for (let dest = 1; dest < size; dest++) sends.push(channel.isend(NOTHING, dest))
  yield* channel.settleAll(sends)
}
