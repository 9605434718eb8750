/** Every number of the protocols that could be another number, with its reason. */

/**
 * Bytes of eager messages that one rank may have on the way to, or unmatched at, another. Bounds the memory that a
 * rank which does not receive can be made to hold: (size - 1) * EAGER_WINDOW. Beyond it a message goes by rendezvous
 * and waits in its sender's memory. Half a ring (runtime/transport/host-heap.ts): eager messages always find room in it.
 */
export const EAGER_WINDOW = 1 << 17

/** What an eager message costs of the window besides its payload, so that empty messages are bounded too. */
export const EAGER_OVERHEAD = 64

/** Window is given back in portions of this size: one CREDIT frame per quarter window, not one per message. */
export const CREDIT_PORTION = EAGER_WINDOW / 4
