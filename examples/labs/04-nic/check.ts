/**
 * Lab 4: one network port, four ranks. Times grow with the number of senders, on the sender's port as on the receiver's,
 * and a small message waits behind bulk. Layer below: commands/lab/.
 */
import { z } from 'zod'
import { fitLine } from '../../../commands/lab/fits.ts'
import { jsonLines } from '../../../commands/lab/jobs.ts'
import {
  choice,
  comparePrediction,
  defineLab,
  expect,
  expectAnswer,
  expectNear,
  number,
  sentences,
} from '../../../commands/lab/lab.ts'

const MEGABYTES = 262_144 / 1e6
const bulk = z.object({ senders: z.int().min(1), ms: z.number().positive() })
const results = z.object({
  share: z.array(bulk).length(4, 'expected 1, 2, 3 and 4 senders'),
  incast: z.array(bulk).length(3, 'expected 1, 2 and 3 senders'),
  ping: z.array(z.object({ senders: z.int().min(0), us: z.number().positive() })).length(2, 'expected 0 and 3 senders'),
})
type Bulk = z.infer<typeof bulk>

export const lab = defineLab({
  title: 'One NIC, four ranks: sharing, incast, ping under load',
  seconds: 15,
  predictions: {
    'mbps-each-of-4': number({ min: 0, unit: 'MB/s of each, if four ranks send at once over 100 Mbit/s' }),
    'ping-under-load-us': number({ min: 0 }),
  },
  answers: {
    'mbps-of-1': number({ min: 0, unit: 'MB/s' }),
    'mbps-each-of-4': number({ min: 0, unit: 'MB/s' }),
    'incast-3-over-1': number({ min: 0, unit: 'time of three senders / of one' }),
    'ping-factor': number({ min: 0, unit: 'under load / alone' }),
    'ping-waits-in': choice('the queue of the port', 'the memory of the receiver', 'the cable'),
    why: sentences(12),
  },
  results,

  jobs: ({ quick }) => {
    const network = (ranks: number, hosts: number) => ['-n', `${ranks}`, '--emulate-hosts', `${hosts}`, '--emulate', '100mbe', 'nic.ts', ...(quick ? ['quick'] : [])] // prettier-ignore
    return [
      { name: 'two hosts: share, ping', args: [...network(8, 2), 'share', 'ping'] },
      { name: 'four hosts: incast', args: [...network(4, 4), 'incast'] },
    ]
  },

  collect: (ended) => {
    const lines = ended.flatMap(jsonLines)
    const of = (experiment: string) => lines.filter((line) => line['experiment'] === experiment)
    return { share: of('share'), incast: of('incast'), ping: of('ping') }
  },

  check({ results: { share, incast, ping }, prediction, answers }) {
    const sharing = lineOf(share)
    const receiving = lineOf(incast)
    const factor = (ping[1]?.us as number) / (ping[0]?.us as number)
    const rate = (senders: number): number => MEGABYTES / ((share.find((one) => one.senders === senders)?.ms as number) / 1000) // prettier-ignore
    const ratio = (incast[2]?.ms as number) / (incast[0]?.ms as number)
    return [
      comparePrediction('MB/s of each of four', prediction['mbps-each-of-4'], rate(4)),
      comparePrediction('ping under load, us', prediction['ping-under-load-us'], ping[1]?.us as number),
      // 100 Mbit/s carry 11.77 MB/s: 22.3 ms a block, if they cross the network.
      expect(sharing.slope > 20, 'each further sender takes the port for another block', `a further sender costs ${sharing.slope.toFixed(1)} ms, less than a block needs on the wire (22): do these blocks cross the network?`), // prettier-ignore
      expect(sharing.r2 > 0.9 && sharing.slope < 40, 'the time is a straight line over the number of senders', 'the time is no straight line over the number of senders: run again on a quieter machine'), // prettier-ignore
      expect(receiving.slope > 20 && receiving.slope < 40 && receiving.r2 > 0.9, 'hosts that send to one host share its port as well', `a further sending host costs ${receiving.slope.toFixed(1)} ms, a block needs 22 ms at the receiver: run again on a quieter machine`), // prettier-ignore
      expect(factor > 2, 'a small message waits behind bulk', `under load a small message takes ${factor.toFixed(1)} times as long as alone: did the others send?`), // prettier-ignore
      expectNear('mbps-of-1', { answer: answers['mbps-of-1'], actual: rate(1), tolerance: 0.1 * rate(1), hint: '0.262 MB divided by the time of one sender.' }), // prettier-ignore
      expectNear('mbps-each-of-4', { answer: answers['mbps-each-of-4'], actual: rate(4), tolerance: 0.15 * rate(4), hint: 'What EACH of them gets: 0.262 MB divided by the time in which all four have ended.' }), // prettier-ignore
      expectNear('incast-3-over-1', { answer: answers['incast-3-over-1'], actual: ratio, tolerance: 0.1 * ratio, hint: 'Milliseconds of three senders divided by those of one.' }), // prettier-ignore
      expectNear('ping-factor', { answer: answers['ping-factor'], actual: factor, tolerance: 0.15 * factor, hint: 'Microseconds under load divided by those alone.' }), // prettier-ignore
      expectAnswer('ping-waits-in', answers['ping-waits-in'], answers['ping-waits-in'] === 'the queue of the port', 'The receiver is idle, and 50 us of latency are the same as before. Where are the bytes of the others?'), // prettier-ignore
    ]
  },

  figures: ({ share, incast, ping }) => [
    {
      kind: 'curves',
      title: 'Blocks of 256 KiB over 100 Mbit/s',
      x: { label: 'senders' },
      y: { label: 'ms' },
      curves: [
        { name: 'share', points: share.map(({ senders, ms }) => [senders, ms] as const) },
        { name: 'incast', points: incast.map(({ senders, ms }) => [senders, ms] as const) },
      ],
    },
    {
      kind: 'bars',
      title: 'A message of 8 bytes',
      category: 'others',
      value: 'us',
      bars: ping.map(({ senders, us }) => ({ category: senders === 0 ? 'none' : `${senders} send bulk`, series: '', value: us })), // prettier-ignore
    },
  ],
})

function lineOf(points: readonly Bulk[]) {
  return fitLine(points.map(({ senders, ms }) => [senders, ms]))
}
