/** What the doctor learns of a cluster: plain data, as `--json` prints it. */

/** What one host is. */
export interface HostFacts {
  readonly host: string
  readonly node: string
  readonly tsmpi: string
  readonly platform: string
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly freeGiB: number
  /** Processes that wanted a core, mean of the last minute. */
  readonly load: number
  /** The BLAS library that HPL would use, and its rate on one core. */
  readonly blas: string
  readonly gflops: number
}

/** A host that could be started, or why it could not. */
export type Examined =
  | { readonly host: string; readonly seconds: number; readonly facts: HostFacts }
  | { readonly host: string; readonly failure: string }

/** What the links carry, row: sender, column: receiver; null on the diagonal and where nothing could be measured. */
export interface Links {
  /** Half a round trip of 8 bytes, microseconds: alone, and while every host sends as fast as it can. */
  readonly latencyUs: Matrix
  readonly loadedLatencyUs: Matrix
  /** Messages of 1 MiB, MB/s: alone, and while every host sends as fast as it can. */
  readonly bandwidthMBps: Matrix
  readonly loadedBandwidthMBps: Matrix
  /** Clock of each host less that of the first, milliseconds; null if unknown. */
  readonly clockMs: readonly (number | null)[]
}

export type Row = (number | null)[]
export type Matrix = readonly Row[]
