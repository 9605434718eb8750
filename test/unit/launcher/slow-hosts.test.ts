/** `--slow-host`: which hosts are meant, and what is refused. */
import t from 'tap'
import type { Host } from '../../../runtime/launcher/hosts.ts'
import { mapRanks } from '../../../runtime/launcher/placement.ts'
import { parseSlowHosts, slowed, type SlowHost } from '../../../runtime/launcher/slow-hosts.ts'

const HOSTS: readonly Host[] = ['aa', 'me@bb', '2', 'dd'].map((name) => ({ name, slots: 2 }))
const pacesOf = (...values: string[]): (number | undefined)[] =>
  slowed(HOSTS, parseSlowHosts(values, [])).map(({ pace }) => pace)

t.test('a host goes by its name, with or without the user, or by its number; a name comes first', async (t) => {
  t.same(pacesOf('0=0.5,bb=0.25'), [0.5, 0.25, undefined, undefined])
  t.same(pacesOf('me@bb=.75', '3=1'), [undefined, 0.75, undefined, 1])
  t.same(pacesOf('2=0.5'), [undefined, undefined, 0.5, undefined], 'the host that is called 2')
})

t.test('all mistakes in the values are told, with what is allowed', async (t) => {
  const problems: string[] = []
  parseSlowHosts(['1', '2=0', 'aa=1.5,=0.5,bb=half'], problems)
  t.equal(problems.length, 5)
  t.match(problems[1], /--slow-host: read "2=0", expected HOST=PART: .* from 0\.01 to 1, such as 2=0\.5/)
})

t.test('hosts that are not there, and those named twice, are told together', async (t) => {
  t.throws(() => pacesOf('4=0.5,cc=0.5,aa=0.5,0=0.25'), {
    message:
      '--slow-host 4=0.5: there is no such host; expected a number from 0 to 3, or one of aa, me@bb, 2, dd\n' +
      '--slow-host cc=0.5: there is no such host; expected a number from 0 to 3, or one of aa, me@bb, 2, dd\n' +
      '--slow-host 0=0.25: aa has been named already',
  })
})

t.test('--map-by speed reckons with a slow host', async (t) => {
  const counts = (slowHosts: readonly SlowHost[]): number[] =>
    mapRanks({
      size: 3,
      hosts: HOSTS.slice(0, 2),
      isLocal: () => true,
      defaultSlots: 2,
      emulateHosts: undefined,
      ranksPerAgent: undefined,
      mapping: { by: 'speed' },
      slowHosts,
    }).map(({ ranks }) => ranks.length)
  t.same(counts([]), [2, 1])
  t.same(counts([{ host: '0', pace: 0.75 }]), [1, 2])
})
