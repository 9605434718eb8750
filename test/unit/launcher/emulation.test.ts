/** Networks as they are written on the command line. */
import t from 'tap'
import { LINK_PROFILES, parseLink } from '../../../runtime/launcher/emulation.ts'

t.test('every profile is faster and quicker than the one before it', async (t) => {
  const links = Object.values(LINK_PROFILES)
  for (const [index, link] of links.entries()) {
    const before = links[index - 1]
    if (before === undefined) continue
    t.ok(link.bytesPerMs > before.bytesPerMs)
    t.ok(link.latencyMs < before.latencyMs)
    t.ok(link.bufferBytes >= before.bufferBytes)
  }
})

t.test('quantities are understood in the units that people write', async (t) => {
  const written = {
    bandwidth: ['1 Gbit/s', '1Gbps', '1000 Mbit/s', '1 Gb/s', '0.125 GB/s', '1e9 bits/s', '1 gigabit/s'],
    latency: ['50 us', '50us', '50 µs', '0.05 ms', '5e-5 s', '50 microseconds'],
    buffer: ['256 KB', '256kB', '250 KiB', '2048 kbit', '256 kilobytes'],
  }
  const gigabit = { bytesPerMs: 125_000, latencyMs: 0.05, bufferBytes: 256_000 }
  const usual = 'bandwidth=1 Gb/s,latency=50 us,buffer=256 kB'
  for (const [field, texts] of Object.entries(written))
    for (const text of texts) {
      const others = usual.split(',').filter((word) => !word.startsWith(field))
      t.same(rounded(await parseLink([...others, `${field}=${text}`].join(', '))), gigabit, text)
    }
})

t.test('fields change a profile, and have defaults without one', async (t) => {
  t.same(await parseLink('1gbe'), LINK_PROFILES['1gbe'])
  t.same(await parseLink('10GbE'), LINK_PROFILES['10gbe'])
  t.same(await parseLink('1gbe,latency=2 ms'), { ...LINK_PROFILES['1gbe'], latencyMs: 2 })
  t.same(rounded(await parseLink('bandwidth=1 Gbit/s')), { bytesPerMs: 125_000, latencyMs: 0.05, bufferBytes: 250_000 })
})

t.test('all mistakes are told together', async (t) => {
  await t.rejects(parseLink('bandwidth=fast,latency=11 s,buffer=1 m,latency=1 us,toString=2,x'), {
    name: 'UsageError',
    message: [
      '--emulate: bandwidth is "fast", expected a quantity such as "1 Gbit/s", from 1000 to 1000000000000 B/s',
      '--emulate: latency is "11 s", expected a quantity such as "50 us", from 0 to 10 s',
      '--emulate: buffer is "1 m", expected a quantity such as "256 KiB", from 3000 to 1073741824 B',
      '--emulate: latency is given twice',
      '--emulate: "toString=2" is unknown; expected bandwidth=, latency=, buffer= or a profile first',
      '--emulate: "x" is unknown; expected bandwidth=, latency=, buffer= or a profile first',
    ].join('\n'),
  })
  await t.rejects(parseLink(''), { message: /--emulate: "" is no network; expected one of 100mbe, 1gbe/ })
})

/** Without the last digits of conversions. */
function rounded<T extends object>(link: T): T {
  return Object.fromEntries(
    Object.entries(link).map(([name, value]) => [name, Number((value as number).toPrecision(9))]),
  ) as T
}
