/** The profile's text: 80 columns, in which nothing is cut off unsaid. */
import t from 'tap'
import { profileReport, type ProfiledRank } from '../../../runtime/launcher/profile-report.ts'

const NAMES = { host: 'node-1', place: 'test/cli/programs/folder/traced.ts:13:11' }
const LONG = { host: `node.${'cluster.'.repeat(8)}org`, place: `${'long/'.repeat(20)}program.ts:1000:20` }

/** A rank that ran for hours and sent different amounts to all. */
function profiled(rank: number, size: number, { host, place } = NAMES): ProfiledRank {
  const sent = Array.from({ length: size }, (_, dest): [number, number] => [dest, 1023 * 1024 ** (dest % 4)])
  const sum = { number: 1, count: 123_456, nbytes: 2 ** 40, ms: 12_345_678 }
  return {
    rank,
    host,
    calls: new Map([[1, 'sendrecv']]),
    places: new Map([[1, `sendrecv\t${place}`]]),
    sums: { totalMs: 1e8, communicationMs: 1e8, calls: [sum], places: [sum], sent },
  }
}

function report(size: number, names = NAMES): string {
  return profileReport(Array.from({ length: size }, (_, rank) => profiled(rank, size, names)))
}

for (const size of [2, 4, 6, 7, 8, 16, 64])
  t.test(`profileReport() shows what each of ${size} ranks sent to each of 16, in 80 columns`, async (t) => {
    const text = report(size)
    for (const line of text.split('\n')) t.ok(line.length <= 80, line)
    const ranks = Array.from({ length: Math.min(size, 16) }, (_, rank) => String(rank))
    const blocks = text.slice(text.indexOf('Bytes sent')).split('\n\n')
    const lines = blocks.flatMap((block) => block.split('\n').filter((line) => /^ +\d/.test(line)))
    const heads = lines.filter((line) => !line.includes('B'))
    t.strictSame(heads.join(' ').trim().split(/ +/), ranks)
    for (const rank of ranks) {
      const ofRank = lines.filter((line) => line.includes('B') && line.trim().split(' ')[0] === rank)
      t.equal(ofRank.join('\n').match(/[\d.]+ [KMGT]?i?B/g)?.length, ranks.length, `rank ${rank}`)
    }
    t.equal(text.match(/^… and 48 ranks more$/gm)?.length, size === 64 ? 2 : undefined, 'times and bytes say so')
  })

t.test('places and hosts are shown in full where they fit, and their ends where not', async (t) => {
  t.match(report(2), ` ${NAMES.place} `)
  const text = report(2, LONG)
  for (const line of text.split('\n')) t.ok(line.length <= 80, line)
  t.match(text, /^ +0 +…\S+org +100000\.000 +0\.000 +100000\.000 +100\.0 %$/m, 'no column is cut off')
  t.match(text, /^ +sendrecv +…\S+program\.ts:1000:20 +\d+ +\d+\.\d+ +\d+\.\d %$/m)
})
