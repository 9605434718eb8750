/** Shows what the launcher's options did, from inside a rank. */
import { run } from 'tsmpi'

await run(async ({ world, argv, log }) => {
  if (argv[0] === 'environment') log(process.env['TSMPI_TEST_A'], process.env['TSMPI_TEST_B'])
  if (argv[0] === 'directory') log(process.cwd())
  if (argv[0] === 'argv') log(JSON.stringify(argv), process.argv.slice(2).join(' '))
  if (argv[0] === 'size') log(world.size)
  if (argv[0] === 'process') log(process.pid)
  if (argv[0] === 'stdin' && world.rank === 0) {
    let text = ''
    for await (const chunk of process.stdin) text += String(chunk)
    log(`${text.length} bytes, ${text.split('\n').length - 1} lines`)
  }
  if (argv[0] === 'lines')
    for (let i = 0; i < 200; i++) process.stdout.write(`${String(world.rank).repeat(1 + ((i * 37) % 500))}\n`)
})
