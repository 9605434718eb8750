// Solves one HPL problem in several variants, in turns, on all ranks of the job. Argument: a JSON object of blas, repeats and
// variants, each the parameters of an HPL.dat with one value in every list. Rank 0 prints one JSON line: for each variant
// the seconds and phases of its repeats, and what one solve sends (all ranks together) and allocates (largest rank). The
// first solve of each variant is checked and not timed.
import { MAX, SUM, run } from '../../../dist/index.js'
import { createBlas } from '../../../dist/hpl/blas/select.js'
import { runHpl } from '../../../dist/hpl/driver.js'
import { TAG } from '../../../dist/hpl/messaging.js'
import { Comm } from '../../../dist/runtime/comm/comm.js'

const sent = { columnMessages: 0, columnBytes: 0, rowMessages: 0, rowBytes: 0 }
let allocated = 0

/** Notes what the solver sends, by direction: pivots and rows of U along process columns, panels along process rows. */
function noteMessages() {
  const { isend } = Comm.prototype
  Comm.prototype.isend = function (buffer, options) {
    const isPanel = options.tag >= TAG.firstBroadcast && options.tag <= TAG.lastBroadcast
    const direction = options.tag === TAG.column ? 'column' : isPanel ? 'row' : undefined
    if (direction !== undefined) {
      sent[`${direction}Messages`]++
      sent[`${direction}Bytes`] += buffer.byteLength
    }
    return isend.call(this, buffer, options)
  }
}

async function kernels({ alloc, free, share }, choice) {
  const blas = await createBlas(choice, { alloc: (n) => alloc(Float64Array, n), free })
  const probe = blas.alloc(1)
  if (blas.kind === 'wasm' && probe.buffer instanceof SharedArrayBuffer) share(probe.buffer)
  blas.free(probe)
  const note = (n) => ((allocated = Math.max(allocated, 8 * n)), blas.alloc(n))
  return { ...blas, alloc: note, description: blas.description }
}

await run(async ({ world, argv, ...context }) => {
  const { blas: choice, repeats, variants } = JSON.parse(argv[0])
  const blas = await kernels(context, choice)
  const solve = (parameters) => runHpl({ world, parameters, blas, print: () => undefined })
  noteMessages()

  const results = []
  for (const variant of variants) {
    for (const key of Object.keys(sent)) sent[key] = 0
    allocated = 0
    const report = await solve(variant)
    if (report.failed + report.skipped > 0) throw new Error(`HPL has failed: ${JSON.stringify(variant)}`)
    const totals = {}
    for (const key of Object.keys(sent)) totals[key] = await world.allreduce(sent[key], { op: SUM })
    results.push({ ...totals, bytes: await world.allreduce(allocated, { op: MAX }), seconds: [], phases: [] })
  }
  for (let k = 0; k < repeats; k++)
    for (const [i, variant] of variants.entries()) {
      const { tests } = await solve({ ...variant, threshold: 0 })
      results[i].seconds.push(tests[0]?.seconds)
      results[i].phases.push(tests[0]?.phases)
    }
  if (world.rank === 0) console.log(JSON.stringify({ results, description: blas.description }))
})
