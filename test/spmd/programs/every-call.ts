/** Makes every call and prints "ok" per rank, or what is wrong. Argument: methods that must have been called, with commas. */
import * as api from 'tsmpi'
import { everyCall, watchCalls, type Api } from '../../helpers/every-call.ts'

const neverCalled = watchCalls(api as unknown as Api)

await api.run(async ({ world, argv, log }) => {
  const failures = await everyCall(world as never, api as unknown as Api)
  const left = neverCalled(argv[0]?.split(',') ?? [])
  for (const failure of [...failures, ...left.map((method) => `${method} was not called`)]) log(failure)
  if (failures.length + left.length === 0) log('ok')
})
