/** `tsmpi report`: pictures of results. Only declares; commands/report/ does the work. */
import type { CommandModule } from 'yargs'

export const reportCommand: CommandModule = {
  command: 'report [files..]',
  describe: 'Make a page, and pictures, of result files, traces and benchmarks',
  builder: (command) =>
    command
      .usage(
        'tsmpi report RESULTS… [-o report.html] [--figures DIR]\n\nMakes one page, which needs no network, of result files of hpl --json, tsmpi hpl sweep and tsmpi wall, traces of tsmpirun --trace, and the --json of benchmarks.',
      )
      .positional('files', { type: 'string', array: true, describe: 'Files to show; their kind is known by their content' })
      .options({
        output: { alias: 'o', type: 'string', requiresArg: true, default: 'report.html', describe: 'The page; an empty name: none' }, // prettier-ignore
        figures: { type: 'string', requiresArg: true, describe: 'Folder for an SVG and a PNG file of each figure' },
        title: { type: 'string', requiresArg: true, default: 'Report of tsmpi', describe: 'Title of the page' },
      })
      .example('$0 report hpl-results.jsonl', 'a sweep')
      .example('$0 report wall-results.jsonl trace.json -o wall.html --figures pictures', 'page and pictures'),
  handler: async (options) => {
    const { runReport } = await import('./report/run-report.ts')
    await runReport(options as unknown as Parameters<typeof runReport>[0])
  },
} // prettier-ignore
