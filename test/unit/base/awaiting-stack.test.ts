/** Who waits for a promise: the stack of those who do, and what asking leaves behind. */
import { setFlagsFromString } from 'node:v8'
import { runInThisContext } from 'node:vm'
import t from 'tap'
import { awaitingStack } from '../../../runtime/base/awaiting-stack.ts'

/** Functions that await a promise, one for the other. */
async function innermost(promise: Promise<void>): Promise<void> {
  await promise
}

async function outermost(promise: Promise<void>): Promise<void> {
  await innermost(promise)
}

t.test('the functions that await a promise are found, which goes on pending', async (t) => {
  let settle = (): void => undefined
  const promise = new Promise<void>((resolve) => (settle = resolve))
  const over = outermost(promise)
  for (const time of ['first', 'second']) {
    const stack = await awaitingStack(promise)
    t.match(stack, /innermost[\s\S]*outermost/, time)
  }
  const state = await Promise.race([over.then(() => 'settled'), Promise.resolve('pending')])
  t.equal(state, 'pending')
  settle()
  await over
})

t.test('of a promise that nobody awaits there is no more than the asking itself', async (t) => {
  const stack = await awaitingStack(new Promise(() => undefined))
  t.notMatch(stack, /innermost/)
})

t.test('of two promises that are asked for at once each has its own', async (t) => {
  const [first, second] = [new Promise<void>(() => undefined), new Promise<void>(() => undefined)]
  void innermost(first)
  void outermost(second)
  const [one = '', two = ''] = await Promise.all([awaitingStack(first), awaitingStack(second)])
  t.match(one, /innermost/)
  t.notMatch(one, /outermost/)
  t.match(two, /outermost/)
})

t.test('asking leaves the promises of the thread as quick as they are', async (t) => {
  setFlagsFromString('--allow-natives-syntax')
  const speciesAreKnown = runInThisContext('() => %PromiseSpeciesProtector()') as () => boolean
  t.equal(speciesAreKnown(), true, 'before')
  await awaitingStack(new Promise(() => undefined))
  t.equal(speciesAreKnown(), true, 'V8 need not look for the constructor of every promise')
})
