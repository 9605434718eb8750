/**
 * `--explain`: where the time of a test went, as text of at most 80 columns. Pure functions from numbers to lines, each
 * with its newline. Layer below: analysis.ts, cost-model.ts, advice.ts, printf.ts.
 */
import type { Activity } from './activities.ts'
import { advise, type AdvicePoint } from './advice.ts'
import { analyse, type ActivitySummary, type Analysis } from './analysis.ts'
import { fitNetwork, modelTime, type NetworkFit } from './cost-model.ts'
import { SINGLE_RULE } from './output.ts'
import { sprintf } from './printf.ts'
import type { RunProfile } from './profile.ts'

const WIDTH = 80

const LABEL: Record<Activity, string> = {
  panel: 'panel factorisation',
  pivots: 'pivot exchange',
  broadcast: 'panel broadcast',
  wait: 'waiting for a panel',
  rows: 'row swaps',
  trsm: 'trsm',
  gemm: 'gemm',
  solve: 'back-substitution',
  other: 'other',
}

/** The explanation of one test. Local. */
export async function explain(profile: RunProfile, point: AdvicePoint): Promise<string> {
  const analysis = analyse(profile, point.p, point.depth)
  const fit = await fitNetwork(profile)
  return (
    SINGLE_RULE +
    table(analysis) +
    '\n' +
    rates(analysis, point) +
    '\n' +
    model(analysis, fit, point) +
    '\n' +
    wrapped(advise(analysis, fit, point))
  )
}

function table({ activities, seconds, messages, bytes }: Analysis): string {
  const head = sprintf('%-20s %9s %9s %9s %6s %9s %11s\n', 'Seconds of a process', 'mean', 'min', 'max', 'share', 'messages', 'MBytes') // prettier-ignore
  const total = sprintf('%-20s %9s %26s %s', 'all', fixed(seconds, 9), '', traffic(messages, bytes))
  return head + activities.map(tableRow).join('') + total
}

function tableRow({ activity, mean, min, max, share, messages, bytes }: ActivitySummary): string {
  const times = [mean, min, max].map((seconds) => fixed(seconds, 9)).join(' ')
  const row = sprintf('%-20s %s %5.1f%%', LABEL[activity], times, 100 * share)
  return messages === 0 ? `${row}\n` : `${row} ${traffic(messages, bytes)}`
}

function traffic(messages: number, bytes: number): string {
  return `${fixed(messages, 9, 0)} ${fixed(bytes / 1e6, 11)}\n`
}

/** A number in `width` columns, with its decimals if they fit. */
function fixed(value: number, width: number, decimals = 3): string {
  const texts = [sprintf(`%.${String(decimals)}f`, value), sprintf('%.0f', value), sprintf('%.2e', value)]
  return (texts.find((text) => text.length <= width) ?? '').padStart(width)
}

/** A line for each figure: its name up to column 21, the number, what it means. */
function figure(name: string, text: string): string {
  return wrapped(text, name.padEnd(21))
}

function rates(analysis: Analysis, { p, q }: AdvicePoint): string {
  const { gemmGflops, trsmGflops, communication, imbalance, overlap } = analysis
  const ranks = p * q
  const lines = [
    Number.isNaN(gemmGflops)
      ? figure('gemm', 'none: there is only one panel')
      : figure('gemm', sprintf('%.2f Gflops a process, %.2f all together', gemmGflops, gemmGflops * ranks)),
    ...(Number.isNaN(trsmGflops) ? [] : [figure('trsm', sprintf('%.2f Gflops a process', trsmGflops))]),
    figure('communication', sprintf('%.1f%% of the time, waiting included', 100 * communication)),
    figure('load imbalance', sprintf('%.1f%%: the busiest process against the mean', 100 * imbalance)), // prettier-ignore
    figure('overlap', overlapText(overlap, q)),
  ]
  return lines.join('')
}

function overlapText(overlap: number | undefined, q: number): string {
  if (overlap !== undefined) return sprintf('%.1f%% of broadcast time is hidden under updates', 100 * overlap)
  return q === 1 ? 'none: panels are not broadcast' : 'none: no look-ahead'
}

function model(analysis: Analysis, fit: NetworkFit, point: AdvicePoint): string {
  const head = 'Model T = 2N^3/(3PQ gamma) + beta N^2(3P+Q)/(2PQ) + alpha N((NB+1)log2 P + P)/NB\n'
  const gamma = analysis.gemmGflops
  if (Number.isNaN(gamma)) return head + figure('gamma', 'unknown: there is no gemm to take it from')
  const { compute, volume, latency, total } = modelTime(point, gamma, fit)
  const terms = sprintf('%.3f = %.3f + %.3f + %.3f s', total, compute, volume, latency)
  return (
    head +
    figure('gamma', sprintf('%.2f Gflops: the rate of gemm', gamma)) +
    figure('alpha, beta', networkText(fit)) +
    figure('predicted', terms + sprintf('; measured %.3f s', analysis.seconds))
  )
}

function networkText({ alpha, beta, kind, samples }: NetworkFit): string {
  const both = sprintf('%.2f us a message, %.3f ns a double (%.2f GB/s)', alpha * 1e6, beta * 1e9, 8e-9 / beta)
  const onlyBeta = sprintf('alpha 0, beta %.3f ns a double (%.2f GB/s)', beta * 1e9, 8e-9 / beta)
  const from = sprintf('%d exchanges of this run', samples)
  switch (kind) {
    case 'both':
      return `${both}: least squares over ${from}`
    case 'alike':
      return `${onlyBeta}: the messages of ${from} are too much alike to tell alpha from beta`
    case 'no-alpha':
      return `${onlyBeta}: least squares over ${from} leaves nothing for alpha`
    case 'no-beta':
      return `${sprintf('%.2f us a message', alpha * 1e6)}, beta 0: least squares over ${from} leaves nothing for beta`
    case 'none':
      return 'unknown, taken as 0: no exchange was measured that is not hidden behind updates'
  }
}

/** Words on lines of at most 80 columns, after `lead`, under which all further lines begin. */
function wrapped(text: string, lead = ''): string {
  const indent = ' '.repeat(lead.length)
  const lines: string[] = []
  let line = lead
  for (const word of text.split(' ')) {
    const isFull = line.length + word.length > WIDTH
    if (isFull) lines.push(line.trimEnd())
    line = `${isFull ? indent : line}${word} `
  }
  return `${[...lines, line.trimEnd()].join('\n')}\n`
}
