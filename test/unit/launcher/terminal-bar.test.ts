import { mock } from 'node:test'
import fc from 'fast-check'
import t from 'tap'
import { barLine, Pace, TerminalBar } from '../../../runtime/launcher/terminal-bar.ts'

t.test('a line has the bar, the share, the time left, the rate and what is done', async (t) => {
  t.equal(
    barLine({ label: 'N=8000', share: 0.5, gflops: 12.345 }, 80),
    '[============------------] 50 %, 1 min 20 s left: N=8000, 12.3 Gflops',
  )
  t.equal(barLine({ label: 'steps', share: 0 }, undefined), '[------------------------] 0 %: steps')
})

t.test('the time left of work that goes on as before is right', async (t) => {
  fc.assert(
    fc.property(
      fc.double({ min: 1, max: 1e6, noNaN: true }),
      fc.double({ min: 0.01, max: 0.98, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (total, share, waited) => {
        const pace = new Pace()
        pace.note(0, 5)
        pace.note(share, 5 + share * total)
        const left = (1 - share) * total * (1 - waited)
        const told = pace.secondsLeft(5 + share * total + (1 - share) * total * waited)
        return told !== undefined && Math.abs(told * 1000 - left) <= 1e-9 * (total + 10)
      },
    ),
  )
  t.pass()
})

t.test('no time is told before something is done, after the end, and of other work than before', async (t) => {
  const pace = new Pace()
  t.equal(pace.secondsLeft(0), undefined)
  pace.note(0.5, 0)
  t.equal(pace.secondsLeft(9), undefined)
  pace.note(0.75, 1000)
  t.equal(pace.secondsLeft(1000), 1)
  t.equal(pace.secondsLeft(9000), 0, 'late work is never overdue')
  pace.note(0.1, 1000)
  t.equal(pace.secondsLeft(2000), undefined, 'the next piece of work')
  pace.note(1, 3000)
  t.equal(pace.secondsLeft(3000), undefined)
})

t.test('the bar is drawn where a line begins, cut to the terminal, and taken away before other text', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  let written = ''
  const bar = new TerminalBar(
    (bytes) => (written += String(bytes)),
    () => 33,
  )
  const print = (text: string): void => {
    bar.before(Buffer.from(text))
    written += text
  }
  mock.timers.tick(1000)
  t.equal(written, '', 'a program that tells nothing has no bar')
  bar.report({ label: 'steps', share: 0.5 })
  mock.timers.tick(250)
  t.equal(written, '\r\u001B[K[============------------] 50 %:')
  written = ''
  print('name? ')
  mock.timers.tick(1000)
  t.equal(written, '\r\u001B[Kname? ', 'none in a line that is not complete')
  written = ''
  print('Ada\n')
  mock.timers.tick(250)
  t.match(written, /^Ada\n\r\u001B\[K\[=/)
  written = ''
  bar.end()
  mock.timers.tick(1000)
  t.equal(written, '\r\u001B[K')
})
