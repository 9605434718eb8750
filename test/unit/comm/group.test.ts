/** Groups against the same operations on plain lists of world ranks. */
import fc from 'fast-check'
import t from 'tap'
import { Group, PROC_NULL, UNDEFINED } from '../../../index.ts'

const members = fc.uniqueArray(fc.nat({ max: 12 }), { maxLength: 10 })

t.test('union, intersection and difference keep the order of the first group', async (t) => {
  fc.assert(
    fc.property(members, members, (a, b) => {
      const [x, y] = [new Group(a), new Group(b)]
      t.same(x.union(y).worldRanks, [...a, ...b.filter((rank) => !a.includes(rank))])
      t.same(
        x.intersection(y).worldRanks,
        a.filter((rank) => b.includes(rank)),
      )
      t.same(
        x.difference(y).worldRanks,
        a.filter((rank) => !b.includes(rank)),
      )
      const sameMembers = a.length === b.length && a.every((rank) => b.includes(rank))
      const same = sameMembers && a.every((rank, i) => rank === b[i])
      t.equal(x.compare(y), same ? 'ident' : sameMembers ? 'similar' : 'unequal')
      t.equal(x.compare(new Group(a.toReversed())), a.length < 2 ? 'ident' : 'similar')
    }),
    { numRuns: 100 },
  )
})

t.test('incl and excl divide a group, and translateRanks finds its members again', async (t) => {
  fc.assert(
    fc.property(members, fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }), (list, choice) => {
      const group = new Group(list)
      const chosen = list.flatMap((_, rank) => (choice[rank] === true ? [rank] : [])).reverse()
      const part = group.incl(chosen)
      t.same(
        part.worldRanks,
        chosen.map((rank) => list[rank]),
      )
      t.equal(part.union(group.excl(chosen)).compare(group) === 'unequal', false)
      t.equal(group.excl(chosen).intersection(part).size, 0)
      const everyRank = list.map((_, rank) => rank)
      t.same(
        group.translateRanks(everyRank, part),
        everyRank.map((rank) => (chosen.includes(rank) ? chosen.indexOf(rank) : UNDEFINED)),
      )
    }),
    { numRuns: 100 },
  )
})

t.test('nobody is nobody in every group; wrong ranks of a range are told by the name of its call', async (t) => {
  const group = new Group([3, 5])
  t.same(group.translateRanks([1, PROC_NULL], new Group([5])), [0, PROC_NULL])
  t.throws(() => group.rangeIncl([[0, 2]]), { message: 'MPI_ERR_RANK: rangeIncl: rank is 2, expected 0..1' })
  t.throws(() => group.rangeExcl([[-1, 0]]), { message: 'MPI_ERR_RANK: rangeExcl: rank is -1, expected 0..1' })
})

t.test('what is no group, no list of ranks or no range is refused', async (t) => {
  const group = new Group([3, 5])
  const no = undefined as never
  const words = 'group is undefined, expected a Group, such as comm.group.incl([0])'
  for (const call of ['union', 'intersection', 'difference', 'compare'] as const)
    t.throws(() => group[call](no), { message: `MPI_ERR_GROUP: ${call}: ${words}` })
  t.throws(() => group.translateRanks([0], no), { message: `MPI_ERR_GROUP: translateRanks: ${words}` })
  t.throws(() => group.translateRanks(no, group), { message: 'MPI_ERR_ARG: translateRanks: ranks is undefined' })
  for (const call of ['incl', 'excl'] as const)
    t.throws(() => group[call](no), { message: `MPI_ERR_ARG: ${call}: ranks is undefined, expected an array of ranks` })
  for (const call of ['rangeIncl', 'rangeExcl'] as const) {
    t.throws(() => group[call](no), { message: `MPI_ERR_ARG: ${call}: ranges is undefined` })
    t.throws(() => group[call]([0 as never]), { message: `MPI_ERR_ARG: ${call}: a range is 0` })
    for (const [first, last] of [
      [NaN, 1],
      [0, NaN],
      [0, 0.5],
      [0, Infinity],
      [0, undefined as never],
    ] as const)
      t.throws(() => group[call]([[first, last]]), { code: 'MPI_ERR_RANK' }, `${first}..${last}`)
  }
})

t.test('ranges run up and down and end at or before their last rank', async (t) => {
  const group = new Group([10, 11, 12, 13, 14, 15, 16])
  t.same(group.rangeIncl([[0, 5, 2]]).worldRanks, [10, 12, 14])
  t.same(
    group.rangeIncl([
      [6, 4, -2],
      [0, 1],
    ]).worldRanks,
    [16, 14, 10, 11],
  )
  t.same(group.rangeExcl([[1, 6, 2]]).worldRanks, [10, 12, 14, 16])
  t.same(group.rangeIncl([[3, 2]]).worldRanks, [])
  t.equal(Group.EMPTY.size, 0)
})

t.test('wrong ranks and strides are refused with the value and what is allowed', async (t) => {
  const group = new Group([4, 5, 6])
  const cases: [() => unknown, string][] = [
    [() => group.incl([3]), 'MPI_ERR_RANK: incl: rank is 3, expected 0..2'],
    [() => group.incl([1, 1]), 'MPI_ERR_RANK: incl: rank 1 comes twice, expected each once'],
    [() => group.excl([-1]), 'MPI_ERR_RANK: excl: rank is -1, expected 0..2'],
    [() => group.rangeIncl([[0, 2, 0]]), 'MPI_ERR_ARG: rangeIncl: stride is 0, expected an integer other than 0'],
    [() => group.rangeExcl([[0, 4, 2]]), 'MPI_ERR_RANK: rangeExcl: rank is 4, expected 0..2'],
    [() => group.translateRanks([0.5], group), 'MPI_ERR_RANK: translateRanks: rank is 0.5, expected 0..2'],
  ]
  for (const [call, message] of cases) t.throws(call, { message })
})
