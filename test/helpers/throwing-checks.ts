/**
 * Checks of reductions whose operation throws on one rank: all ranks are told which rank it was and what it threw, nobody
 * waits for ever, and the communicator goes on. With every algorithm; blocking, nonblocking and persistent.
 */
import { MAX, Op, SUM, type Intracomm } from '../../index.ts'
import { ALGORITHM_NAMES, type Algorithms } from '../../runtime/base/tuning.ts'
import type { Failures } from './failures.ts'

/** Elements: few, and more than travel unasked. */
const FEW = 16
const MANY = 20_160 // can be dealt out to up to 8 ranks

type Form = readonly [
  name: string,
  length: number,
  make: (comm: Intracomm, data: Float64Array, op: Op) => Promise<unknown>,
]

const room = (data: Float64Array): Float64Array => new Float64Array(data.length)

const allreduce: Form[2] = (comm, data, op) => comm.allreduce(data, room(data), { op })
const reduce: Form[2] = (comm, data, op) => comm.reduce(data, comm.rank === 0 ? room(data) : undefined, { op })
const scan: Form[2] = (comm, data, op) => comm.scan(data, room(data), { op })
const reduceScatter: Form[2] = (comm, data, op) =>
  comm.reduceScatterBlock(data, new Float64Array(data.length / comm.size), { op })

const FORMS: readonly Form[] = [
  ['iallreduce', FEW, (comm, data, op) => comm.iallreduce(data, room(data), { op }).wait()],
  // By work-sharing, if on one host.
  ['ireduce', MANY, (comm, data, op) => comm.ireduce(data, comm.rank === 0 ? room(data) : undefined, { op }).wait()],
  ['scan', FEW, scan],
  // The same; along a chain of 2 ranks there is nothing to combine.
  ['exscan', MANY, (comm, data, op) => comm.exscan(data, room(data), { op })],
  ['allreduce of a number', 1, (comm, _, op) => comm.allreduce(comm.rank, { op })],
  [
    'allreduceInit',
    FEW,
    async (comm, data, op) => {
      const request = comm.allreduceInit(data, room(data), { op })
      request.start()
      await request.wait()
    },
  ],
]

/** Collective. */
export async function throwingOperations(comm: Intracomm, failures: Failures): Promise<void> {
  for (const form of FORMS) await check(comm, form, failures)
  for (const [call, make] of Object.entries({ allreduce, reduce, reduceScatter, scan }))
    for (const name of ALGORITHM_NAMES[call as keyof Algorithms]) {
      const forced = await comm.dup({ algorithms: { [call]: name } })
      for (const length of [FEW * comm.size, MANY * comm.size])
        await check(forced, [`${call} ${name} of ${length}`, length, make], failures)
      forced.free()
    }
}

async function check(comm: Intracomm, [name, length, make]: Form, failures: Failures): Promise<void> {
  const { rank, size } = comm
  let someThrew = 0
  for (const bad of new Set([0, Math.min(1, size - 1), size - 1])) {
    let thrown = 0
    const op = Op.create(
      (x, y) => {
        if (rank === bad) {
          thrown = 1
          throw new RangeError('no more of this')
        }
        for (let i = 0; i < y.length; i++) y[i] = Number(x[i]) + Number(y[i])
      },
      { unit: 1, commutative: true },
    )
    const told = await outcome(() => make(comm, new Float64Array(length).fill(1), op))
    const threw = await comm.allreduce(thrown, { op: MAX })
    someThrew = Math.max(someThrew, threw)
    const elsewhere = `the operation threw on world rank ${bad}: RangeError: no more of this`
    const expected = threw === 0 ? 'nothing' : rank === bad ? 'RangeError: no more of this' : `MPI_ERR_OP ${elsewhere}`
    failures.same(`what is told of ${name} whose operation throws on rank ${bad}`, told, expected)
    failures.same(`a sum after ${name}`, await comm.allreduce(rank, { op: SUM }), (size * (size - 1)) / 2)
  }
  // Shared work is done by whoever comes first.
  if (!name.includes('work-sharing') && !['ireduce', 'exscan'].includes(name))
    failures.same(`whether the operation of ${name} threw`, someThrew, size > 1 ? 1 : 0)
}

/** What a call throws, without its name. */
export async function outcome(call: () => Promise<unknown>): Promise<string> {
  try {
    await call()
    return 'nothing'
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (code === undefined) return String(error)
    return `${code} ${message.replace(/^.*?: (?=the operation)/, '').replace(/, at .*:\d+:\d+$/, '')}`
  }
}
