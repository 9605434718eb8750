/** Plans that are kept for the next call: for which arguments, and for how long. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { IN_PLACE, MAX, SUM } from '../../../index.ts'
import { KnownPlans } from '../../../collectives/known-plans.ts'
import { othersThan, smallCall, type Plan } from '../../../collectives/plan.ts'
import type { TypedArray } from '../../../runtime/base/element-type.ts'

function nothing(): void {
  return
}

/** A plan that holds its buffers, as all do. */
function planOf(send: TypedArray, recv = send): Plan {
  const others = othersThan(0, 2)
  const roles = { unit: send, nbytes: send.byteLength, dest: others, source: others }
  const deeds = { given: send, load: nothing, take: () => void recv, finish: nothing }
  return {
    call: 'allreduce',
    small: smallCall(roles, deeds),
    *steps() {
      return undefined
    },
  }
}

const SHORT = 8
/** Elements of a buffer that is not kept alive. */
const LONG = 20_000

for (const count of [SHORT, LONG])
  t.test(`a plan is known for the same buffers of ${count} elements, operation and root only`, (t) => {
    const plans = new KnownPlans<void>()
    const [send, recv] = [new Float64Array(count), new Float64Array(count)]
    const plan = plans.remember(planOf(send, recv), send, recv, { op: SUM })
    t.equal(plans.recall(send, recv, { op: SUM }), plan)
    for (const [a, b, options] of [
      [send, recv, { op: MAX }],
      [send, recv, { op: SUM, root: 0 }],
      [send, recv, undefined],
      [recv, send, { op: SUM }],
      [send.slice(), recv, { op: SUM }],
      [send, undefined, { op: SUM }],
      [IN_PLACE, recv, { op: SUM }],
    ] as const)
      t.equal(plans.recall(a, b, options), undefined)
    t.equal(plans.recall(send, recv, { op: SUM }), plan)
    plan.underWay = true
    t.equal(plans.recall(send, recv, { op: SUM }), undefined, 'nor while it is under way')
    t.end()
  })

t.test(
  'a plan is known for the same lengths and places of blocks only, also if a program changes them in its lists',
  (t) => {
    const plans = new KnownPlans<void>(true)
    const buffer = new Float64Array(SHORT)
    const [sendCounts, recvCounts, recvDispls] = [[1, 2], Uint8Array.of(3, 4), [0, 4]]
    const options = { sendCounts, recvCounts, recvDispls } as never
    const plan = plans.remember(planOf(buffer), buffer, buffer, options)
    t.equal(plans.recall(buffer, buffer, options), plan)
    t.equal(plans.recall(buffer, buffer, { sendCounts: [1, 2], recvCounts: [3, 4], recvDispls: [0, 4] }), plan)
    for (const other of [
      undefined,
      null,
      { sendCounts, recvDispls },
      { sendCounts, recvCounts, recvDispls, sendDispls: [0, 1] },
      { sendCounts, recvCounts, recvDispls: null },
      { sendCounts, recvCounts, recvDispls: 4 },
      { sendCounts: [1, 2, 0], recvCounts, recvDispls },
      { sendCounts, recvCounts, recvDispls, sendDisplz: [0, 1] },
      { counts: sendCounts, recvCounts, recvDispls },
    ])
      t.equal(plans.recall(buffer, buffer, other as never), undefined)
    recvCounts[1] = 5
    t.equal(plans.recall(buffer, buffer, options), undefined)
    recvCounts[1] = 4
    t.equal(plans.recall(buffer, buffer, options), plan)
    t.end()
  },
)

for (const count of [SHORT, LONG])
  t.test(`a plan is known for other views of the same ${count} elements, and of no others`, (t) => {
    const plans = new KnownPlans<void>()
    const memory = new ArrayBuffer(8 * (count + 1))
    const view = (offset = 0, length = count): Float64Array => new Float64Array(memory, offset, length)
    const recv = new Float64Array(count)
    const plan = plans.remember(planOf(view(), recv), view(), recv, undefined)
    t.equal(plans.recall(view(), recv, undefined), plan)
    t.equal(plans.recall(view(), recv.subarray(), undefined), plan)
    for (const other of [view(8), view(0, count - 1), new BigInt64Array(memory, 0, count), new Float64Array(count)])
      t.equal(plans.recall(other, recv, undefined), undefined)
    t.equal(plans.recall(recv, view(), undefined), undefined)
    plan.underWay = true
    t.equal(plans.recall(view(), recv, undefined), undefined, 'nor while it is under way')
    t.end()
  })

for (const count of [SHORT, LONG])
  t.test(`beside a plan under way, or one that has failed, another of ${count} elements is known`, (t) => {
    const plans = new KnownPlans<void>()
    const buffer = new Float64Array(count)
    plans.remember(planOf(buffer), buffer, undefined, undefined).underWay = true
    const other = plans.remember(planOf(buffer), buffer, undefined, undefined)
    for (const view of [buffer, buffer.subarray()]) t.equal(plans.recall(view, undefined, undefined), other)
    t.end()
  })

t.test('the latest of many plans are known', (t) => {
  const plans = new KnownPlans<void>()
  const all = Array.from({ length: 100 }, () => {
    const buffer = new Float64Array(SHORT)
    return { buffer, plan: plans.remember(planOf(buffer), buffer, undefined, { op: SUM }) }
  })
  const known = all.filter(({ buffer, plan }) => plans.recall(buffer, undefined, { op: SUM }) === plan)
  t.same(known, all.slice(-16))
  t.end()
})

t.test('buffers that take turns are all known, with markers and without a second', (t) => {
  const plans = new KnownPlans<void>()
  const buffers = [SHORT, LONG, 3, 4, LONG + 1].map((count) => new Float64Array(count))
  const kept = buffers.map((buffer) => [
    plans.remember(planOf(buffer), buffer, undefined, undefined),
    plans.remember(planOf(buffer), IN_PLACE, buffer, undefined),
  ])
  for (let turn = 0; turn < 2; turn++)
    for (const [i, buffer] of buffers.entries())
      // A buffer alone and with a marker are kept as one: the latest is known.
      t.equal(plans.recall(IN_PLACE, buffer, undefined), kept[i]?.[1])
  t.end()
})

t.test('a buffer that was transferred is not the one that the plan was made for', (t) => {
  for (const count of [SHORT, LONG]) {
    const plans = new KnownPlans<void>()
    const buffer = new Float64Array(count)
    const view = buffer.subarray()
    plans.remember(planOf(buffer), buffer, undefined, undefined)
    t.not(plans.recall(view, undefined, undefined), undefined)
    structuredClone(buffer.buffer, { transfer: [buffer.buffer] })
    for (const one of [buffer, view]) t.equal(plans.recall(one, undefined, undefined), undefined)
  }
  t.end()
})

t.test('views that are no typed arrays are not kept, nor plans of long calls', (t) => {
  const plans = new KnownPlans<void>()
  const view = new DataView(new ArrayBuffer(8))
  plans.remember(planOf(new Float64Array(1)), view, undefined, undefined)
  t.equal(plans.recall(view, undefined, undefined), undefined)
  const long = new Float64Array(40_000)
  plans.remember(planOf(long), long, undefined, undefined)
  t.equal(plans.recall(long, undefined, undefined), undefined)
  t.end()
})

t.test('a long buffer goes when the program lets it go, also if the other one stays', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const plans = new KnownPlans<void>()
  const staying = new Float64Array(LONG)
  const [first, second] = ((): [WeakRef<Float64Array>, WeakRef<Float64Array>] => {
    const [one, other] = [new Float64Array(LONG), new Float64Array(LONG)]
    plans.remember(planOf(staying, one), staying, one, undefined)
    plans.remember(planOf(other, staying), other, staying, undefined)
    return [new WeakRef(one), new WeakRef(other)]
  })()
  // A WeakRef holds what it was made for until the event loop has turned.
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  t.equal(first.deref(), undefined)
  t.equal(second.deref(), undefined)
})
