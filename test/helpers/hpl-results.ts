/** Made-up result lines of HPL, whose times follow a given law: what a report is made of, without running anything. */
import { ACTIVITIES } from '../../hpl/activities.ts'
import { formatHplDat } from '../../hpl/input.ts'
import type { Result } from '../../hpl/results/schema.ts'
import { RECOMMENDED, singleTest } from '../../hpl/single-test.ts'

export interface MadeUp {
  readonly n: number
  readonly p: number
  readonly q: number
  readonly pmap?: 'row' | 'column'
  /** Hosts, and the link that joins them. */
  readonly hosts?: number
  readonly link?: string
  readonly seconds: number
  readonly repeat?: number
}

/** A test that passed; half of the time of each rank is dgemm, a quarter waiting for panels. */
export function resultLine({ n, p, q, pmap = 'row', hosts = 1, link, seconds, repeat = 1 }: MadeUp): Result {
  const ranks = p * q
  const { variant, settings } = RECOMMENDED
  const point = { ...variant, n, nb: 64, p, q, pmap } as const
  const flops = (2 / 3) * n ** 3 + (3 / 2) * n ** 2
  const none = { seconds: 0, messages: 0, bytes: 0, flops: 0 }
  const activities = {
    ...Object.fromEntries(ACTIVITIES.map((name) => [name, none])),
    gemm: { ...none, seconds: seconds / 2, flops: flops / ranks },
    panel: { ...none, seconds: seconds / 4 },
    wait: { ...none, seconds: seconds / 4, messages: 10, bytes: 8 * n },
  }
  return {
    format: 'tsmpi-hpl',
    version: 1,
    kind: 'test',
    date: '2026-01-01T00:00:00.000Z',
    tsmpi: '0.1.0',
    ranks,
    hplDat: formatHplDat(singleTest(point, settings)),
    settings,
    arguments: ['--json', '-'],
    blas: { kind: 'wasm', description: 'wasm' },
    hosts: Array.from({ length: hosts }, (_, k) => ({
      name: `host${k}`,
      ranks: Array.from({ length: ranks / hosts }, (_, j) => (k * ranks) / hosts + j),
      cpu: 'cpu',
      cores: 2,
      memoryBytes: 1e9,
      platform: 'linux x64',
      node: 'v20',
    })),
    test: {
      ...point,
      outcome: 'passed',
      seconds,
      gflops: flops / seconds / 1e9,
      ranks: Array.from({ length: ranks }, (_, k) => ({
        row: Math.floor(k / q),
        col: k % q,
        seconds,
        activities,
        broadcastSeconds: 0,
      })),
    },
    sweep: {
      id: `${n} ${p} ${q} ${pmap} ${hosts} ${link}`,
      repeat,
      wallSeconds: seconds,
      command: ['tsmpirun', ...(link === undefined ? [] : ['--emulate-hosts', String(hosts), '--emulate', link])],
    },
  }
}

/** A file of such lines. */
export function resultText(lines: readonly Result[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}
