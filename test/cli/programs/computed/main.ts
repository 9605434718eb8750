/** Imports whose names are known only when they happen; the first argument names the module. */
import { run } from 'tsmpi'

interface Part {
  readonly greet: (rank: number) => string
}

await run(async ({ world, log, argv }) => {
  const [name = ''] = argv
  const parts: Part[] = [
    (await import(['.', 'parts', `${name}.ts`].join('/'))) as Part,
    (await import(new URL(`parts/${name}.ts`, import.meta.url).href)) as Part,
  ]
  for (const { greet } of parts) log(greet(world.rank))
  if (argv[1] === 'hang') await world.recv(new Int8Array(1))
})
