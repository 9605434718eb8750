/** The constants of the MPI standard that appear in calls, without the MPI_ prefix. */

/**
 * Receive from whichever rank sends first (MPI 4.1, section 3.2.4).
 *
 * @example
 * if (world.rank > 0) await world.send(Int32Array.of(world.rank), { dest: 0 })
 * else for (let i = 1; i < world.size; i++) await world.recv(new Int32Array(1), { source: ANY_SOURCE })
 */
export const ANY_SOURCE = -1
/**
 * Receive whatever tag comes first.
 *
 * @example
 * const note = world.isend(Int32Array.of(1), { dest: world.rank, tag: 8 })
 * const { tag } = await world.recv(new Int32Array(1), { source: world.rank, tag: ANY_TAG })
 * await note.wait()
 * log(tag) // → 8
 */
export const ANY_TAG = -1
/**
 * The rank that is nobody: sends to it vanish, receives from it complete at once with count 0 (section 3.10).
 *
 * @example
 * const { source, count } = await world.recv(new Int32Array(1), { source: PROC_NULL })
 * log(source === PROC_NULL, count) // → true 0
 */
export const PROC_NULL = -2
/**
 * The root of a collective call on an intercommunicator, in the calls of the root's own side (section 6.2.3).
 *
 * @example
 * // The even ranks hear from the first odd one.
 * const half = (await world.split(world.rank % 2)) as Intracomm
 * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
 * const data = Int32Array.of(world.rank)
 * const root = world.rank % 2 === 0 ? 0 : half.rank === 0 ? ROOT : PROC_NULL
 * await inter.bcast(data, { root })
 * if (world.rank === 2) log(data[0]) // → 1
 * inter.free()
 * half.free()
 */
export const ROOT = -3
/**
 * The colour in `split` of a rank that wants no new communicator (section 7.4.2).
 *
 * @example
 * const some = await world.split(world.rank < 2 ? 0 : UNDEFINED)
 * if (world.rank === 3) log(some) // → undefined
 * some?.free()
 */
export const UNDEFINED = -32766
/**
 * Largest tag a message may carry. The standard guarantees 32767.
 *
 * @example
 * log(TAG_UB) // → 2147483647
 */
export const TAG_UB = 0x7fff_ffff
/**
 * In place of a send or receive buffer of a collective: the other buffer serves as both (section 6.2).
 *
 * @example
 * const data = Float64Array.of(world.rank)
 * await world.allreduce(IN_PLACE, data, { op: SUM })
 * log(data[0]) // → 6
 */
export const IN_PLACE: unique symbol = Symbol.for('tsmpi.IN_PLACE')
