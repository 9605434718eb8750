/** Placement of ranks on hosts. */
import fc from 'fast-check'
import t from 'tap'
import type { Host } from '../../../runtime/launcher/hosts.ts'
import { placeRanks } from '../../../runtime/launcher/placement.ts'

const place = (size: number, hosts: Host[], more: { emulateHosts?: number; ranksPerAgent?: number } = {}) =>
  placeRanks({
    size,
    hosts,
    isLocal: (name) => name === 'here',
    defaultSlots: 2,
    emulateHosts: more.emulateHosts,
    ranksPerAgent: more.ranksPerAgent,
  }).map(({ host, ranks }) => `${host}: ${ranks.join(' ')}`)

t.test('placeRanks fills slots in order and deals the rest round', async (t) => {
  const hosts = [
    { name: 'here', slots: 2 },
    { name: 'b', slots: 1 },
    { name: 'c', slots: undefined },
  ]
  t.same(place(2, hosts), ['here: 0 1'])
  t.same(place(5, hosts), ['here: 0 1', 'b: 2', 'c: 3 4'])
  t.same(place(7, hosts), ['here: 0 1 2', 'b: 3 4', 'c: 5 6'])
})

t.test('placeRanks cuts hosts into agents and emulates hosts in even blocks', async (t) => {
  t.same(place(5, [{ name: 'here', slots: 5 }], { ranksPerAgent: 2 }), ['here: 0', 'here: 1 2', 'here: 3 4'])
  t.same(place(5, [], { emulateHosts: 2 }), ['host0: 0 1', 'host1: 2 3 4'])
  t.same(place(2, [], { emulateHosts: 3 }), ['host0: 0', 'host1: 1'])
})

t.test('placeRanks gives every rank to exactly one agent, in ascending order', async () => {
  const hosts = fc.array(fc.record({ slots: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }) }), {
    minLength: 1,
    maxLength: 5,
  })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      hosts,
      fc.integer({ min: 1, max: 6 }),
      (size, slots, ranksPerAgent) => {
        const named = slots.map((host, index) => ({ name: `h${index}`, ...host }))
        const plans = placeRanks({
          size,
          hosts: named,
          isLocal: () => false,
          defaultSlots: 2,
          emulateHosts: undefined,
          ranksPerAgent,
        })
        const ranks = plans.flatMap((plan) => plan.ranks)
        return (
          JSON.stringify(ranks) === JSON.stringify(Array.from({ length: size }, (_, i) => i)) &&
          plans.every((plan) => plan.ranks.length >= 1 && plan.ranks.length <= ranksPerAgent)
        )
      },
    ),
  )
})
