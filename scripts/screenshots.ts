/**
 * Takes the pictures of docs/images anew: the page of `tsmpi report` from runs of its own, and the page of
 * `tsmpirun --dashboard` during an HPL run and in a deadlock. Everything is measured while it runs, so pictures differ from
 * time to time; take them on a quiet machine.
 *
 * Usage, after `npm run build`, with a Chromium in PATH: npm run docs:screenshots -- [report] [dashboard] [deadlock]
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { formatHplDat } from '../hpl/input.ts'
import { RECOMMENDED, singleTest } from '../hpl/single-test.ts'
import { chromium, missingChromium } from '../test/helpers/chromium.ts'

const root = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'tsmpi-screenshots-'))
const PICTURES = { report, dashboard, deadlock }

const missing = missingChromium()
if (missing !== false) throw new Error(missing)
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PICTURES)
const browser = await chromium()
try {
  for (const name of wanted) {
    const take = PICTURES[name as keyof typeof PICTURES] as ((browser: Browser) => Promise<void>) | undefined
    if (take === undefined)
      throw new Error(`read ${JSON.stringify(name)}, expected ${Object.keys(PICTURES).join(', ')}`)
    await take(browser)
  }
} finally {
  await browser.close()
  rmSync(folder, { recursive: true })
}

/** Everything that a report can show, in the small: a wall, a scaling study, and a trace. */
async function report(browser: Browser): Promise<void> {
  const [wall, scaling, trace] = ['wall.jsonl', 'scaling.jsonl', 'trace.json'].map((name) => join(folder, name)) as [string, string, string] // prettier-ignore
  tsmpi('wall', '--rate', '1.5', '--n', '256,512,1024,1536,2048', '--link', '100mbe,1gbe', '--grids-n', '1024', '--svg', '', '-o', wall) // prettier-ignore
  tsmpi('hpl', 'sweep', '--n', '1200', '--grid', '1x1,1x2,1x3,1x4,1x6,1x8', '--rate-limit', '0.5', '--repeat', '3', '-o', scaling) // prettier-ignore
  const dat = datOf(768, 2, 2)
  node('dist/runtime/launcher/tsmpirun.js', '-n', '4', '--emulate-hosts', '2', '--emulate', '1gbe', '--trace', trace, 'hpl', '--dat', dat, '--rate-limit', '1') // prettier-ignore
  const html = join(folder, 'report.html')
  tsmpi('report', wall, scaling, trace, '-o', html)
  const page = await browser.newPage({ viewport: { width: 1000, height: 1900 } })
  await page.goto(pathToFileURL(html).href)
  await page.locator('#timeline-1 .window', { hasText: /./ }).waitFor()
  await save(page, 'report.png')
  const phone = await browser.newPage({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
  await phone.goto(`${pathToFileURL(html).href}#speedup`)
  await phone.locator('#timeline-1 .window', { hasText: /./ }).waitFor()
  await save(phone, 'report-phone.png')
}

/** An HPL run on three hosts, some seconds after its begin. */
async function dashboard(browser: Browser): Promise<void> {
  const job = watched('-n', '6', '--emulate-hosts', '3', '--emulate', '1gbe', 'hpl', '--dat', datOf(4000, 2, 3), '--rate-limit', '1.5') // prettier-ignore
  const page = await browser.newPage({ viewport: { width: 1000, height: 1100 } })
  await page.goto(await job.url)
  await page.locator('#traffic canvas').waitFor()
  await page.locator('#progress-label', { hasText: /: ([3-9]\d|100)\.\d %$/ }).waitFor({ timeout: 120_000 })
  await save(page, 'dashboard.png')
  job.stop()
}

/** Four ranks on two hosts, each of which waits for the next. */
async function deadlock(browser: Browser): Promise<void> {
  const go = join(folder, 'go')
  const job = watched('-n', '4', '--emulate-hosts', '2', 'test/cli/programs/watched.ts', go)
  const page = await browser.newPage({ viewport: { width: 1000, height: 580 } })
  await page.goto(await job.url)
  await page.locator('#traffic canvas').waitFor()
  writeFileSync(go, '')
  await page.locator('#deadlock-picture svg').waitFor({ timeout: 60_000 })
  await page.locator('#status', { hasText: 'exit code' }).waitFor()
  await save(page, 'dashboard-deadlock.png')
}

async function save(page: Page, name: string): Promise<void> {
  const path = root(`docs/images/${name}`)
  await page.screenshot({ path })
  console.log(`docs/images/${name}: ${Math.round(statSync(path).size / 1000)} kB`)
}

function datOf(n: number, p: number, q: number): string {
  const file = join(folder, `${n}-${p}x${q}.dat`)
  const point = { ...RECOMMENDED.variant, n, nb: 64, p, q, pmap: 'row' } as const
  writeFileSync(file, formatHplDat(singleTest(point, RECOMMENDED.settings)))
  return file
}

function tsmpi(...args: string[]): void {
  node('dist/tsmpi.js', ...args)
}

/** @throws Error if it fails */
function node(script: string, ...args: string[]): void {
  const { status } = spawnSync(process.execPath, [root(script), ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`${script} ${args.join(' ')} ended with ${String(status)}`)
}

/** A job with a dashboard, and its address once it is printed. */
function watched(...args: string[]): { readonly url: Promise<string>; readonly stop: () => void } {
  const job = spawn(process.execPath, [root('dist/runtime/launcher/tsmpirun.js'), '--dashboard', ...args], { cwd: root('.'), stdio: ['ignore', 'ignore', 'pipe'] }) // prettier-ignore
  const url = new Promise<string>((resolve, reject) => {
    let told = ''
    job.stderr.on('data', (piece: Buffer) => {
      const [, found] = /dashboard: (\S+)\n/.exec((told += piece.toString())) ?? []
      if (found !== undefined) resolve(found)
    })
    job.on('close', () => reject(new Error(`the job has ended before its page was there:\n${told}`)))
  })
  return { url, stop: () => void job.kill('SIGINT') }
}
