/** `tsmpi wall`: from which N several hosts on a slow network beat one. Only declares; commands/wall/ does the work. */
import type { CommandModule, Options } from 'yargs'
import { hideBin } from 'yargs/helpers'
import { BLAS_CHOICES } from '../hpl/blas/select.ts'
import { UsageError } from '../runtime/launcher/usage-error.ts'
import { LAUNCHER_OPTIONS } from './launcher-options.ts'

const text = (describe: string): Options => ({ type: 'string', requiresArg: true, describe })

export const wallCommand: CommandModule = {
  command: 'wall',
  describe: 'Measure when several hosts on a slow network beat one, on this machine',
  builder: (command) =>
    command
      .usage(
        'tsmpi wall [options]\n\nRuns Linpack over N on one host and on emulated hosts at several link speeds, or on real hosts; prints and draws what it finds. A few minutes.',
      )
      .options({
        n: text('Orders of the matrix: --n 1000,2000 [default: six that fit this machine]'),
        nb: { ...text('Block size'), default: '128' },
        hostfile: { alias: 'f', ...text('Measure these hosts and their own network instead of emulated ones') },
        hosts: text('Emulated hosts, two or more [default: 2]'),
        'ranks-per-host': text('Ranks of a host [default: 2, or the slots that all hosts of the hostfile have]'),
        grid: text('Grid of all hosts for the curves over N [default: 1xQ, one process row]'),
        rate: text('Gflops of each rank, below what a core can; 0: no limit [default: so that the cores are enough]'),
        link: {
          ...text('Links: 1gbe,10gbe; or again for each: --link "bandwidth=1 Gbit/s,latency=50 us" [default: three]'),
          array: true,
          nargs: 1,
        },
        'grids-n': text('Order at which grids and mappings are compared; 0: not at all [default: one of --n]'),
        repeat: { ...text('Times to run each test; the best counts'), default: '1' },
        blas: { choices: BLAS_CHOICES, default: 'auto', requiresArg: true, describe: 'Kernels' },
        'blas-library': text('CBLAS library for openblas: name or path'),
        timeout: text('Give a test up after this time: seconds, or "5 min"'),
        output: { alias: 'o', ...text('File for the results, one JSON line a test'), default: 'wall-results.jsonl' },
        svg: { ...text('File for the drawing; an empty name: none'), default: 'wall.svg' },
        'agent-command': LAUNCHER_OPTIONS['agent-command'],
        'ssh-command': LAUNCHER_OPTIONS['ssh-command'],
        interface: LAUNCHER_OPTIONS.interface,
        ports: LAUNCHER_OPTIONS.ports,
        encryption: LAUNCHER_OPTIONS.encryption,
        'dry-run': { type: 'boolean', default: false, describe: 'Show what would run' },
      })
      .example('$0 wall', 'with settings that show the wall on this machine')
      .example('$0 wall -f hosts --link 1gbe', 'the hosts of a file, joined by 1 Gbit/s Ethernet')
      .example('$0 wall --link 1gbe --n 2000,4000,6000', 'one link, these orders'),
  handler: async (options) => {
    // To tsmpirun -n is the number of ranks, to every parser the same as --n.
    if (hideBin(process.argv).some((word) => /^-n(?!p)/.test(word)))
      throw new UsageError(['-n: ranks are --hosts times --ranks-per-host; the order of the matrix is --n'])
    const { runWall } = await import('./wall/run-wall.ts')
    process.exitCode = await runWall(options as unknown as Parameters<typeof runWall>[0])
  },
}
