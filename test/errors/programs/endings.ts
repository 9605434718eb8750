/** Ranks that end in the ways ranks end; which one is the first argument. The others wait in a receive. */
import { spawn } from 'node:child_process'
import { run } from 'tsmpi'

await run(async ({ world, argv, log }) => {
  const { rank } = world
  const [how] = argv
  process.stdout.write(`rank ${rank} is there`) // no line end: it must appear all the same
  if (rank === 1) {
    log('')
    if (how === 'exit') process.exit(3)
    if (how === 'abort') world.abort(Number(argv[1]))
    if (how === 'unsettled') {
      process.exitCode = 0 // as libraries that watch the exit do
      await new Promise(() => undefined)
    }
    if (how === 'unawaited') void Promise.reject(new Error('nobody awaited this'))
    if (how === 'not-an-error') throw 'a string' as unknown as Error
    if (how === 'killed') process.kill(process.pid, 'SIGSEGV')
    if (how === 'child') {
      spawn('sleep', ['60'], { stdio: 'inherit' })
      throw new Error('a child of mine goes on')
    }
    if (how === 'detached') {
      const { pid } = spawn('sleep', ['60'], { stdio: 'inherit', detached: true })
      throw new Error(`process ${pid} has a session of its own`)
    }
    if (how === 'cause') throw new Error('outer', { cause: new Error('inner') })
  }
  await world.recv(new Int8Array(1))
})
