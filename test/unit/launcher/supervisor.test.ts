/** The launcher's half of the heartbeats, with a clock of the test's own. */
import t from 'tap'
import { Supervisor } from '../../../runtime/launcher/supervisor.ts'

function supervisor(): { of: Supervisor<{ gone: boolean; beat(): void }>; clock: { ms: number }; look: () => void } {
  const clock = { ms: 1000 }
  const looks: (() => void)[] = []
  const { setInterval } = globalThis
  globalThis.setInterval = ((look: () => void) => looks.push(look)) as unknown as typeof setInterval
  try {
    const of = new Supervisor<{ gone: boolean; beat(): void }>(
      [],
      () => undefined,
      () => clock.ms,
    )
    return { of, clock, look: looks[0] as () => void }
  } finally {
    globalThis.setInterval = setInterval
  }
}

t.test('a launcher that stood still knows it, whatever it reads first', (t) => {
  const { of, clock, look } = supervisor()
  clock.ms += 500
  look()
  t.equal(of.stoodStillSeconds, 0)
  clock.ms += 6500
  t.equal(of.stoodStillSeconds, 6, 'before the first look after the pause')
  look()
  t.equal(of.stoodStillSeconds, 6, 'after it')
  clock.ms += 500
  look()
  t.equal(of.stoodStillSeconds, 6, 'after the second')
  t.end()
})

t.test('a pause is forgotten after a lease', (t) => {
  const { of, clock, look } = supervisor()
  clock.ms += 6500
  look()
  for (let looks = 0; looks < 11; looks++) {
    clock.ms += 500
    look()
  }
  t.equal(of.stoodStillSeconds, 0)
  t.end()
})
