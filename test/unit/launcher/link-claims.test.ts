/** Claims about links between hosts: they count when they still stand a moment later. */
import { mock } from 'node:test'
import t from 'tap'
import type { LinkState } from '../../../runtime/agent/link-watch.ts'
import { LinkClaims } from '../../../runtime/launcher/link-claims.ts'

t.beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
t.afterEach(() => mock.timers.reset())

function claims(mayJudge: () => boolean = () => true) {
  const lost: [number, number, LinkState][] = []
  return { lost, claims: new LinkClaims((...link) => lost.push(link), mayJudge) }
}

t.test('a claim that still stands a moment later counts, once', async (t) => {
  const { lost, claims: all } = claims()
  all.hear(0, 1, 'silent')
  all.hear(0, 1, 'silent')
  t.same(lost, [])
  mock.timers.tick(60_000)
  t.same(lost, [[0, 1, 'silent']])
})

t.test('a claim that is taken back is forgotten, and those of others stand', async (t) => {
  const { lost, claims: all } = claims()
  all.hear(0, 1, 'silent')
  all.hear(1, 0, 'silent')
  all.hear(0, 1, 'alive')
  mock.timers.tick(60_000)
  t.same(lost, [[1, 0, 'silent']])
})

t.test('a connection that has broken stays broken, whatever comes through the next one', async (t) => {
  const { lost, claims: all } = claims()
  all.hear(2, 1, 'broken')
  all.hear(2, 1, 'alive')
  mock.timers.tick(60_000)
  t.same(lost, [[2, 1, 'broken']])
})

t.test('no claim is judged while silence may have other reasons', async (t) => {
  let deaf = true
  const { lost, claims: all } = claims(() => !deaf)
  all.hear(0, 1, 'silent')
  mock.timers.tick(60_000)
  t.same(lost, [])
  deaf = false
  mock.timers.tick(60_000)
  t.same(lost, [[0, 1, 'silent']])
})
