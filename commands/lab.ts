/** `tsmpi lab`: lessons with starter, measurement and grader. Only declares; commands/lab/ does the work. */
import type { CommandModule, Options } from 'yargs'
import type * as Labs from './lab/run-lab.ts'

const NUMBER = { type: 'string', demandOption: true, describe: 'Number of the lab, or its name' } as const
const FOLDER = { type: 'string', describe: "The student's folder" } as const
const QUICK: Options = { type: 'boolean', default: false, describe: 'Rehearse with the smallest sizes; is not graded' }

interface LabArguments {
  readonly lab?: string
  readonly folder?: string
  readonly quick?: boolean
}

/** A subcommand whose exit code is that of `work`. */
function subcommand(
  command: string,
  describe: string,
  work: Work,
  options: Readonly<Record<string, Options>> = {},
): CommandModule {
  return {
    command,
    describe,
    builder: (yargs) => {
      if (command.includes('<lab>')) yargs.positional('lab', NUMBER).positional('folder', FOLDER)
      return yargs.options(options)
    },
    handler: async (options) => {
      process.exitCode = await work(await import('./lab/run-lab.ts'), options as LabArguments)
    },
  }
}

type Work = (labs: typeof Labs, options: LabArguments) => number | Promise<number>

export const labCommand: CommandModule = {
  command: 'lab',
  describe: 'Lessons on speed-up, networks and deadlocks, to be done by yourself',
  builder: (yargs) =>
    yargs
      .command(subcommand('list', 'All labs', (labs) => labs.list()))
      .command(
        subcommand('start <lab> [folder]', "Copy a lab's text and starter into a folder", (labs, { lab, folder }) =>
          labs.startLab(lab as string, folder),
        ),
      ) // prettier-ignore
      .command(
        subcommand(
          'run <lab> [folder]',
          'Measure, once the prediction is written down',
          (labs, { lab, folder, quick }) => labs.runLab(lab as string, folder, quick ?? false),
          { quick: QUICK },
        ),
      ) // prettier-ignore
      .command(
        subcommand('check <lab> [folder]', 'Grade answers and results', (labs, { lab, folder }) =>
          labs.checkLab(lab as string, folder),
        ),
      ) // prettier-ignore
      .demandCommand(1, 'lab: no command given; expected list, start, run or check'),
  handler: () => undefined, // yargs has run the command below, or has complained that there is none
}
