/** The profile's text: 80 columns, in which nothing is cut off. */
import t from 'tap'
import { profileReport, type ProfiledRank } from '../../../runtime/launcher/profile-report.ts'

/** A rank that ran for hours and sent different amounts to all. */
function profiled(rank: number, size: number): ProfiledRank {
  const sent = Array.from({ length: size }, (_, dest): [number, number] => [dest, 1023 * 1024 ** (dest % 4)])
  const sum = { number: 1, count: 123_456, nbytes: 2 ** 40, ms: 12_345_678 }
  return {
    rank,
    host: 'node-with-a-very-long-name.cluster.example.org',
    calls: new Map([[1, 'reduceScatterBlock']]),
    places: new Map([[1, `reduceScatterBlock\t${'long/'.repeat(20)}program.ts:1000:20`]]),
    sums: { totalMs: 1e8, communicationMs: 1e8, calls: [sum], places: [sum], sent },
  }
}

for (const size of [2, 4, 6, 7, 8])
  t.test(`profileReport() shows what each of ${size} ranks sent to each, in 80 columns`, async (t) => {
    const report = profileReport(Array.from({ length: size }, (_, rank) => profiled(rank, size)))
    for (const line of report.split('\n')) t.ok(line.length <= 80, line)
    const matrix = report.slice(report.indexOf('Bytes sent')).trimEnd().split('\n').slice(1)
    const ranks = Array.from({ length: size }, (_, rank) => String(rank))
    t.strictSame(matrix[0]?.trim().split(/ +/), ranks)
    for (const [rank, line] of matrix.slice(1).entries()) {
      t.match(line, new RegExp(`^ +${rank} `))
      t.equal(line.match(/[\d.]+ [KMGT]?i?B/g)?.length, size)
    }
    t.match(report, /^ +0 +\S+ +100000\.000 +0\.000 +100000\.000 +100\.0 %$/m, 'no column is cut off')
    t.match(report, /^ +\S+ScatterBlock +\S+program\.ts:1000:20 +\d+ +\d+\.\d+ +\d+\.\d %$/m)
  })
