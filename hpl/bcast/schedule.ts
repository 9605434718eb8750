/**
 * A panel broadcast as data: what one process receives and sends, round by round.
 *
 * A round begins when all receives of the rounds before it are complete; its sends and receives then go on at the same
 * time. Between two processes both schedules list their transfers in the same order, so receives can be posted ahead. Processes are
 * numbered from the root of the broadcast, which is 0. Schedules are pure functions of (process, processes, length), so
 * tests check each topology without sending anything; panel-broadcast.ts carries them out.
 */

/** Doubles from..to-1 of the payload, to or from the process at distance `peer` from the root. */
export interface Transfer {
  readonly peer: number
  readonly from: number
  readonly to: number
}

export interface Round {
  readonly receives: readonly Transfer[]
  readonly sends: readonly Transfer[]
}

/**
 * What process `d` does in a broadcast of `length` >= 1 doubles. Local.
 *
 * @param d (local) distance from the root, 0 <= d < q
 * @param q (global) processes, >= 2
 * @param length (global) doubles
 */
export type Schedule = (d: number, q: number, length: number) => readonly Round[]

/** The schedule of a process that takes the whole payload from one process and hands it on to others, in order. */
export function forward(source: number | undefined, dests: readonly number[], length: number): readonly Round[] {
  const whole = (peer: number): Transfer => ({ peer, from: 0, to: length })
  return receiveThenSend(source === undefined ? [] : [whole(source)], dests.map(whole))
}

export function receiveThenSend(receives: readonly Transfer[], sends: readonly Transfer[]): readonly Round[] {
  return [
    { receives, sends: [] },
    { receives: [], sends },
  ]
}
