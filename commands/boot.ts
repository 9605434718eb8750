/** `tsmpi boot`: configuration for a head node and workers without disks. Only declares; commands/boot/ does the work. */
import type { ArgumentsCamelCase, CommandModule } from 'yargs'

const DESCRIPTION = {
  type: 'string',
  demandOption: true,
  describe: 'Description of the cluster: see examples/cluster.yaml',
} as const

interface RenderOptions {
  readonly file: string
  readonly output: string
  readonly force: boolean
}

const checkCommand: CommandModule<object, { file: string }> = {
  command: 'check <file>',
  describe: 'Check a description and show what is understood; write nothing',
  builder: (command) => command.positional('file', DESCRIPTION),
  handler: async ({ file }) => {
    const [{ readCluster }, { describeCluster }] = await Promise.all([
      import('./boot/description.ts'),
      import('./boot/summary.ts'),
    ])
    process.stdout.write(describeCluster(readCluster(file)))
  },
}

const renderCommand: CommandModule<object, RenderOptions> = {
  command: 'render <file>',
  describe: 'Write all configuration for the head and the workers into a directory',
  builder: (command) =>
    command.positional('file', DESCRIPTION).options({
      output: {
        alias: 'o',
        type: 'string',
        requiresArg: true,
        demandOption: true,
        describe: 'Directory to write into; nothing else is touched',
      },
      force: { type: 'boolean', default: false, describe: 'Write over what was rendered there before' },
    }),
  handler: render,
}

async function render({ file, output, force }: ArgumentsCamelCase<RenderOptions>): Promise<void> {
  const [{ readCluster }, { renderCluster }, { writeDirectory }] = await Promise.all([
    import('./boot/description.ts'),
    import('./boot/render.ts'),
    import('./boot/directory.ts'),
  ])
  const files = renderCluster(readCluster(file))
  const { removed, changed } = writeDirectory(output, files, force)
  for (const path of changed) process.stderr.write(`${output}/${path}: had been changed by hand and is written anew\n`)
  for (const path of removed) process.stderr.write(`${output}/${path}: no longer part of the cluster and removed\n`)
  process.stdout.write(
    `${files.length} files in ${output}; ${output}/README.md says what each is for and what to do next\n`,
  )
}

export const bootCommand: CommandModule = {
  command: 'boot',
  describe: 'Configure a head node and workers without disks from one description',
  builder: (command) =>
    command
      .command(checkCommand)
      .command(renderCommand)
      .demandCommand(1, 'boot: no command given; expected check or render'),
  handler: () => undefined, // yargs has run the command below, or has complained that there is none
}
