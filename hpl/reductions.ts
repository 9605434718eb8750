/**
 * HPL's own reduction and broadcast trees. The runtime has faster ones, but a sum depends on the order of its terms, and
 * the printed residual must not depend on the algorithm that the runtime happens to choose: this is the order of netlib
 * HPL. Not on the timed path but for a few bytes.
 */
import { complete, TAG } from './messaging.ts'
import { powerOfTwoBelow, relativeTo, type Messenger } from './process-grid.ts'

/** own := own op received, element by element. */
export type Combine = (own: Float64Array, received: Float64Array) => void

export const sum: Combine = (own, received) => {
  for (let i = 0; i < own.length; i++) own[i] = own[i] + received[i]
}

/** A NaN is larger than everything, so that it fails the residual check wherever it comes from. */
export const max: Combine = (own, received) => {
  for (let i = 0; i < own.length; i++) {
    if (!(own[i] >= received[i]) && !Number.isNaN(own[i])) own[i] = received[i]
  }
}

/**
 * Reduces `data` to the root, where it is replaced by the result; elsewhere it holds a part of it afterwards.
 * Collective. In step 1, 2, 4, ... processes whose distance from the root has that bit send to the one without it.
 */
export async function reduce(comm: Messenger, data: Float64Array, combine: Combine, root = 0): Promise<void> {
  const { size } = comm
  const d = relativeTo(root, comm.rank, size)
  const received = new Float64Array(data.length)
  for (let step = 1; step < size; step *= 2) {
    if ((d & step) !== 0) {
      await comm.send(data, { dest: (d - step + root) % size, tag: TAG.reduction })
      return
    }
    if (d + step >= size) continue
    await comm.recv(received, { source: (d + step + root) % size, tag: TAG.reduction })
    combine(data, received)
  }
}

/** Broadcasts `data` from the root along a binomial tree, longest branches first. Collective. */
export async function broadcast(comm: Messenger, data: Float64Array, root = 0): Promise<void> {
  const { size } = comm
  if (size === 1) return
  const d = relativeTo(root, comm.rank, size)
  let step = powerOfTwoBelow(size - 1)
  if (d !== 0) {
    const lowestBit = d & -d
    await comm.recv(data, { source: (d - lowestBit + root) % size, tag: TAG.reduction })
    step = lowestBit / 2
  }
  for (; step >= 1; step /= 2) {
    if (d + step < size) await complete(comm.isend(data, { dest: (d + step + root) % size, tag: TAG.reduction }))
  }
}

/** Reduces to process 0 and broadcasts from there: the same bits everywhere. Collective. */
export async function allReduce(comm: Messenger, data: Float64Array, combine: Combine): Promise<void> {
  if (comm.size === 1) return
  await reduce(comm, data, combine)
  await broadcast(comm, data)
}

/** The largest `value` of all processes. Collective. */
export async function allMax(comm: Messenger, value: number): Promise<number> {
  const data = Float64Array.of(value)
  await allReduce(comm, data, max)
  return data[0]
}
