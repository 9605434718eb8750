/**
 * What an emulated network has to reach: 97 % of the payload rate of 1 Gbit/s, 90 us from rank to rank where 50 us are
 * nominal, and a shaper that carries 1 GB/s where nothing limits it.
 */
import { median } from 'mathjs'
import { digits, PAYLOAD_SHARE, runJob, traffic } from './network-jobs.ts'
import { bulkGBps, eagerGBps } from './shaper-rate.ts'

export interface Target {
  readonly name: string
  readonly measured: string
  /** What it should be; empty if nothing was promised. */
  readonly target: string
  readonly met: boolean | undefined
}

const HOSTS = ['--emulate-hosts', '2']
const MIB = 1 << 20
const LARGE = 8 * MIB
/** 1 Gbit/s. */
const BYTES_PER_MS = 125_000
const BULK_BYTES = 8e9
const SMALL_BYTES = 2e8

/** Measures all of them; takes some 20 s. */
export async function measureTargets(repeats: number): Promise<Target[]> {
  const network = (link: string): string[] => [...HOSTS, '--emulate', link]
  const large = median(...runJob(2, network('1gbe'), traffic('ping-pong', LARGE, repeats)).ms)
  const small = median(...runJob(2, network('1gbe'), traffic('ping-pong', 8, repeats)).ms)
  const open = network('bandwidth=1000 Gbit/s,latency=0 us,buffer=64 MiB')
  const [shaped, plain] = [open, HOSTS].map((each) =>
    median(...runJob(2, each, traffic('ping-pong', 8 * LARGE, repeats)).ms),
  )
  await bulkGBps(BULK_BYTES) // the compiler works
  return [
    atLeast(
      '8 MiB over 1gbe, share of the payload rate, %',
      (100 * LARGE) / (BYTES_PER_MS * PAYLOAD_SHARE) / large,
      97,
    ),
    atMost('8 B over 1gbe (50 us), half round trip, us', small * 1000, 90),
    atLeast('the shaper alone, bulk, GB/s', await bulkGBps(BULK_BYTES), 1),
    told('the shaper alone, messages of 64 KiB, GB/s', await eagerGBps(SMALL_BYTES, 64 << 10)),
    told('a job over a link without limits, 64 MiB, GB/s', (8 * LARGE) / (shaped as number) / 1e6),
    told('the same job without emulation, GB/s', (8 * LARGE) / (plain as number) / 1e6),
  ]
}

function atLeast(name: string, value: number, target: number): Target {
  return { name, measured: digits(value), target: `>= ${target}`, met: value >= target }
}

function atMost(name: string, value: number, target: number): Target {
  return { name, measured: digits(value), target: `<= ${target}`, met: value <= target }
}

function told(name: string, value: number): Target {
  return { name, measured: digits(value), target: '', met: undefined }
}
