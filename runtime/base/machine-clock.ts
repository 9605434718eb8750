/** The clock that all threads and processes of a machine share. It never goes back; its zero means nothing. */

/** Milliseconds of the machine's monotonic clock. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
