/** What the options of tsmpirun on placement mean, and what is told of their mistakes. */
import t from 'tap'
import { placementOptions, type PlacementArguments } from '../../../runtime/launcher/placement-options.ts'

const flags = {
  oversubscribe: false,
  nooversubscribe: false,
  displayMap: false,
  reportBindings: false,
  dryRun: false,
}

const read = (given: Partial<PlacementArguments>) => {
  const problems: string[] = []
  return { ...placementOptions({ ...flags, ...given }, problems), problems }
}

t.test('placementOptions reads what --map-by and -N say, with the modifiers of Open MPI', async (t) => {
  for (const by of ['slot', 'node', 'seq', 'speed', 'NODE'])
    t.same(read({ mapBy: by }).mapping, { by: by.toLowerCase() }, by)
  t.same(read({ mapBy: 'ppr:3:node' }).mapping, { by: 'ppr', ranks: 3 })
  t.same(read({ N: '3' }).mapping, { by: 'ppr', ranks: 3 })
  t.match(read({ mapBy: 'ppr:3:node:NOOVERSUBSCRIBE' }), { mapping: { ranks: 3 }, oversubscription: 'refuse' })
  t.match(read({ mapBy: ':OVERSUBSCRIBE' }), { mapping: undefined, oversubscription: 'allow', problems: [] })
  t.match(read({ nooversubscribe: true }), { oversubscription: 'refuse' })
  t.match(read({}), { mapping: undefined, oversubscription: 'tell', bindToCore: false, problems: [] })
})

t.test('placementOptions reads bindings and what to display', async (t) => {
  t.equal(read({ bindTo: 'none' }).bindToCore, false)
  t.equal(read({ bindTo: 'core' }).bindToCore, true)
  t.equal(read({ bindTo: 'core:overload-allowed' }).bindToCore, 'overload')
  t.same([...read({ display: ['map,bind'] }).display], ['map', 'bind'])
  t.same([...read({ displayMap: true, reportBindings: true }).display], ['map', 'bind'])
  t.equal(read({ exclude: ['a', 'b,c'] }).exclude, 'a,b,c')
})

t.test('placementOptions tells all mistakes at once, with what is allowed', async (t) => {
  const mapBy =
    '--map-by is "socket", expected slot, node, ppr:N:node, seq or speed; :OVERSUBSCRIBE or :NOOVERSUBSCRIBE may follow'
  t.same(
    read({
      mapBy: 'socket',
      rankBy: 'core',
      bindTo: 'socket',
      display: ['all'],
      oversubscribe: true,
      nooversubscribe: true,
    }).problems,
    [
      mapBy,
      '--rank-by is "core", expected slot or node',
      '--oversubscribe and --nooversubscribe: give one of the two',
      '--bind-to is "socket", expected none, core or core:overload-allowed',
      '--display is "all", expected map, bind or map,bind',
    ],
  )
  const problem = (given: Partial<PlacementArguments>): string | undefined => read(given).problems[0]
  t.equal(problem({ N: '2', mapBy: 'node' }), '-N and --map-by: give one of the two')
  t.equal(
    problem({ rankfile: 'f', N: '2' }),
    '--rankfile says where each rank runs: it goes with neither -N nor --map-by',
  )
  t.equal(problem({ rankfile: 'f', rankBy: 'slot' }), '--rank-by: the order of the rankfile numbers the ranks already')
  t.equal(problem({ mapBy: 'seq', rankBy: 'slot' }), '--rank-by: the order of the hosts numbers the ranks already')
  t.equal(problem({ mapBy: 'ppr:0:node' }), '--map-by ppr is "0", expected a whole number from 1 to 65536')
  t.equal(problem({ N: 'two' }), '-N is "two", expected a whole number from 1 to 65536')
  t.equal(problem({ rankBy: ['slot', 'node'] }), '--rank-by is given 2 times (slot, node), expected once')
})
