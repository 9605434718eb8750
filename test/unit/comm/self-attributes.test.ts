/** The attributes of self are deleted when main has returned (MPI 4.1, section 11.2.4), in the order that is promised. */
import t from 'tap'
import { Keyval, run } from '../../../index.ts'

t.test('attributes of self are deleted when main has returned, the latest first, and nobody else’s', async (t) => {
  const told: string[] = []
  const key = (name: string): Keyval<number> => Keyval.create({ delete: (value) => void told.push(`${name} ${value}`) })
  const [first, second, ofWorld] = [key('first'), key('second'), key('world')]
  const main = (end: number): Promise<number> =>
    run(({ world, self }) => {
      world.setAttribute(ofWorld, end)
      self.setAttribute(first, end)
      self.setAttribute(second, end)
      self.barrier().catch(t.threw)
      told.length = 0
      return end
    })
  t.equal(await main(1), 1)
  t.same(told, ['second 1', 'first 1'])
  t.equal(await main(2), 2)
  t.same(told, ['second 2', 'first 2'], 'each once')
})

t.test('calls may still be made then', async (t) => {
  let answer: number | undefined
  await run(({ self }) => {
    self.setAttribute(
      Keyval.create<undefined>({
        delete: () => {
          const [mine, request] = [new Int32Array(1), self.isend(Int32Array.of(7), { dest: 0 })]
          self.irecv(mine).test()
          request.test()
          answer = mine[0]
        },
      }),
      undefined,
    )
  })
  t.equal(answer, 7)
})

t.test('after an error of main they stay: the job ends', async (t) => {
  let deleted = 0
  const key = Keyval.create<number>({ delete: () => void deleted++ })
  const failing = run(({ self }) => {
    self.setAttribute(key, 1)
    throw new Error('enough')
  })
  await t.rejects(failing, { message: 'enough' })
  t.equal(deleted, 0)
})
