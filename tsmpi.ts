#!/usr/bin/env node
/**
 * tsmpi: everything around running programs. Each command is a module of commands/; what a user gave wrongly ends here
 * with exit code 2.
 */
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { bootCommand } from './commands/boot.ts'
import { doctorCommand } from './commands/doctor.ts'
import { hplCommand } from './commands/hpl.ts'
import { infoCommand } from './commands/info.ts'
import { labCommand } from './commands/lab.ts'
import { reportCommand } from './commands/report.ts'
import { tuneCommand } from './commands/tune.ts'
import { wallCommand } from './commands/wall.ts'
import { installedVersion } from './runtime/base/version.ts'
import { watchTerminal } from './runtime/launcher/hang-up.ts'
import { EXIT_USAGE, UsageError } from './runtime/launcher/usage-error.ts'

const endIfHungUp = watchTerminal()

try {
  await yargs(hideBin(process.argv))
    .scriptName('tsmpi')
    .usage('$0 <command>')
    .command(infoCommand)
    .command(doctorCommand)
    .command(hplCommand)
    .command(tuneCommand)
    .command(bootCommand)
    .command(wallCommand)
    .command(labCommand)
    .command(reportCommand)
    .epilogue('To run a program: tsmpirun -n 4 program.ts')
    .demandCommand(1, 'no command given')
    .strict()
    .version(installedVersion())
    .alias('h', 'help')
    .wrap(80)
    .fail((message: string | null, error: Error | undefined) => {
      throw error ?? new UsageError([message ?? 'unknown mistake'])
    })
    .parseAsync()
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`${error.message.replace(/^/gm, 'tsmpi: ')}\nTry "tsmpi --help".\n`)
  process.exitCode = EXIT_USAGE
}
endIfHungUp()
