/** `tsmpi hpl`: what surrounds a run of Linpack. The run itself is `tsmpirun -n N hpl`. */
import type { CommandModule } from 'yargs'
import { adviseCommand } from './advise.ts'
import { sweepCommand } from './sweep.ts'

export const hplCommand: CommandModule = {
  command: 'hpl',
  describe: 'Choose parameters for Linpack, and run it over many of them',
  builder: (command) =>
    command
      .command(adviseCommand)
      .command(sweepCommand)
      .demandCommand(1, 'hpl: no command given; expected advise or sweep')
      .epilogue('To run Linpack once: tsmpirun -n 4 hpl'),
  handler: () => undefined, // yargs has run the command below, or has complained that there is none
}
