/**
 * A report from its options to its files. Invariant: nothing is written before all that was given has been read and
 * found good. Layer below: report/.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ResultLine } from '../../hpl/results/schema.ts'
import { createRasteriser, drawSvg } from '../../report/drawing.ts'
import type { Figure } from '../../report/figure.ts'
import { figuresOf } from '../../report/figures.ts'
import { readInputs } from '../../report/inputs.ts'
import { renderPage } from '../../report/page/page.ts'
import { pageScript } from '../../report/page/script.ts'
import { installedVersion } from '../../runtime/base/version.ts'
import { UsageError } from '../../runtime/launcher/usage-error.ts'

export interface ReportOptions {
  readonly files: readonly string[] | undefined
  /** '' for none. */
  readonly output: string
  readonly figures: string | undefined
  readonly title: string
}

/** Reads, draws, writes, and says what it has written. @throws UsageError for every mistake in options and files */
export async function runReport({ files = [], output, figures: folder, title }: ReportOptions): Promise<void> {
  const inputs = readInputs(files)
  const problems = [
    ...(files.length === 0 ? ['no file given: name results, traces or benchmarks, such as hpl-results.jsonl'] : []),
    ...(output === '' && folder === undefined ? ['--output "" and no --figures: nothing would be written'] : []),
    ...inputs.problems,
  ]
  if (problems.length > 0) throw new UsageError(problems)
  const figures = figuresOf(inputs)
  if (figures.length === 0) throw new UsageError([`${files.join(', ')}: no test has a result that could be shown`])
  if (output !== '') {
    const origin = `Made by tsmpi ${installedVersion()} on ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`
    const remarks = remarksOn(inputs.results)
    write(output, renderPage({ title, origin, files: inputs.files, figures, remarks, script: await pageScript() }))
    process.stdout.write(`page: ${output} (${figures.length} ${figures.length === 1 ? 'figure' : 'figures'})\n`)
  }
  if (folder !== undefined) {
    await writeFigures(folder, figures)
    process.stdout.write(`figures: ${join(folder, `{${figures.map(({ id }) => id).join(',')}}.{svg,png}`)}\n`)
  }
}

async function writeFigures(folder: string, figures: readonly Figure[]): Promise<void> {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new UsageError([`--figures ${folder} cannot be made: ${(error as Error).message}`])
  }
  const rasterise = await createRasteriser()
  for (const figure of figures) {
    const svg = drawSvg(figure)
    write(join(folder, `${figure.id}.svg`), svg)
    write(join(folder, `${figure.id}.png`), rasterise(svg))
  }
}

function write(file: string, content: string | Uint8Array): void {
  try {
    writeFileSync(file, content)
  } catch (error) {
    throw new UsageError([`${file} cannot be written: ${(error as Error).message}`])
  }
}

/** Where the tests of HPL ran, and what the figures do not show. */
function remarksOn(lines: readonly ResultLine[]): string[] {
  const failed = lines.filter((line) => line.kind === 'failure' || line.test.outcome === 'failed')
  const skipped = lines.filter((line) => line.kind === 'test' && line.test.outcome === 'skipped')
  const machines = new Set(
    lines.flatMap(
      (line) =>
      line.kind === 'test' ? line.hosts.map(({ cpu, cores, node }) => `${cpu}, ${cores} cores, Node ${node}, ${line.blas.description}`) : [], // prettier-ignore
    ),
  )
  return [
    ...(machines.size > 0 ? [`Linpack was measured on: ${[...machines].join('; ')}.`] : []),
    ...(failed.length > 0 ? [`${failed.length} of ${lines.length} tests failed and are not shown.`] : []),
    ...(skipped.length > 0 ? [`${skipped.length} of ${lines.length} tests were skipped.`] : []),
  ]
}
