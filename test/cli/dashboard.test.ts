/** tsmpirun --dashboard in real jobs: its stream of events, and its page in a browser where there is one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { chromium, missingChromium } from '../helpers/chromium.ts'
import { eventsOf, type StreamEvent } from '../helpers/event-stream.ts'
import { start, tsmpirun, type Running } from '../helpers/tsmpirun.ts'

const PROGRAM = 'test/cli/programs/watched.ts'
const folder = mkdtempSync(join(tmpdir(), 'tsmpi-dashboard-'))
t.teardown(() => rmSync(folder, { recursive: true }))

/** Starts a job and returns the address of its page. */
async function watch(args: readonly string[]): Promise<Running & { readonly url: string }> {
  const job = start(['--dashboard', ...args])
  let told = ''
  job.child.stderr?.on('data', (bytes: Buffer) => (told += bytes.toString()))
  await Promise.race([job.printed('/\n'), job.ended])
  return { ...job, url: /dashboard: (\S+)/.exec(told)?.[1] ?? '' }
}

interface Picture {
  readonly hosts: readonly { readonly name: string; readonly ranks: readonly { state: string; text: string }[] }[]
  readonly links: readonly { readonly from: string; readonly to: string; readonly bytes: number }[]
}

t.test('the stream shows ranks by host, what they do, bytes by link, the rate so far and the deadlock', async (t) => {
  const file = join(folder, 'stream')
  const job = await watch(['-n', '4', '--emulate-hosts', '2', PROGRAM, file])
  const seen: StreamEvent[] = []
  let picture: Picture | undefined
  for await (const event of eventsOf(`${job.url}events`)) {
    seen.push(event)
    const { hosts, links } = event.data as Picture
    if (event.event === 'picture' && picture === undefined && links.some(({ from, to }) => from !== to)) {
      if (hosts.some(({ ranks }) => ranks.some(({ state }) => state === 'unknown'))) continue
      picture = { hosts, links }
      writeFileSync(file, '')
    }
  }
  const ended = await job.ended
  t.equal(ended.code, 123, ended.stderr)
  t.strictSame(picture?.hosts.map(({ name, ranks }) => [name, ranks.length]), [['host0', 2], ['host1', 2]]) // prettier-ignore
  const texts = picture?.hosts.flatMap(({ ranks }) => ranks.map(({ text }) => text)) ?? []
  t.ok(
    texts.some((text) => /bcast/.test(text)),
    texts.join(', '),
  )
  t.ok((picture?.links.find(({ from, to }) => from === 'host0' && to === 'host1')?.bytes ?? 0) >= 80_000)
  const find = (name: string): unknown => seen.find(({ event }) => event === name)?.data
  t.match(find('progress'), { label: '<b>rounds</b>', gflops: Number })
  t.match(find('deadlock'), { kind: 'cycle', end: 0, report: /rank 0, where the cycle closes/ })
  t.strictSame(
    (find('deadlock') as { steps: { rank: number }[] }).steps.map(({ rank }) => rank),
    [0, 1, 2, 3],
  )
  t.match(find('stopped'), { exitCode: 123, message: /deadlock/ })
  t.match(seen.at(-1), { event: 'end', data: { exitCode: 123 } })
})

t.test('hpl tells how far it is, and the job ends as ever while somebody looks', async (t) => {
  const dat = join(folder, 'HPL.dat')
  writeFileSync(dat, hplDat(600))
  const { url, ended } = await watch(['-n', '2', 'hpl', '--dat', dat, '--rate-limit', '0.05'])
  const rates: number[] = []
  for await (const { event, data } of eventsOf(`${url}events`))
    if (event === 'progress') rates.push((data as { gflops: number }).gflops)
  const { code, stdout, stderr } = await ended
  t.equal(code, 0, stderr)
  t.match(stdout, /1 tests completed and passed/)
  t.ok(rates.length > 3, String(rates))
  const [, last = ''] = /^W[RC]\d.* (\S+)$/m.exec(stdout) ?? []
  t.ok(Math.abs((rates.at(-1) ?? 0) / Number(last) - 1) < 1e-3, `${rates.at(-1)} and ${last}`)
})

t.test('a port that is taken is a mistake on the command line', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const ended = await tsmpirun(['-n', '2', '--dashboard-port', String(port), PROGRAM])
  t.equal(ended.code, 2)
  t.match(ended.stderr, `--dashboard-port is ${port}, which cannot be used`)
  const wrong = await tsmpirun(['--dashboard-port', '0', PROGRAM])
  t.equal(wrong.code, 2)
  t.match(wrong.stderr, '--dashboard-port is "0", expected a port from 1 to 65535')
})

t.test('the page works in a browser, at a desk and on a phone', { skip: missingChromium() }, async (t) => {
  const browser = await chromium()
  t.teardown(() => browser.close())
  const page = await browser.newPage({ viewport: { width: 1000, height: 800 } })
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  const file = join(folder, 'browser')
  const job = await watch(['-n', '4', '--emulate-hosts', '2', PROGRAM, file])
  await page.goto(job.url)
  await page.locator('#rate canvas').waitFor()
  await page.locator('#traffic canvas').waitFor()
  await page.locator('#links tr', { hasText: 'host1' }).first().waitFor()
  t.equal(await page.locator('.host').count(), 2)
  t.equal(await page.locator('.rank').count(), 4)
  t.match(await page.locator('#progress-label').textContent(), /^<b>rounds<\/b>: /, 'text of a program is no markup')
  writeFileSync(file, '')
  await page.locator('#deadlock').waitFor()
  t.equal(await page.locator('#deadlock-steps li').count(), 5)
  const drawn = page.locator('#deadlock-picture svg')
  t.same(await drawn.locator('.name').allTextContents(), ['rank 0', 'rank 1', 'rank 2', 'rank 3'])
  t.same(await drawn.locator('.host-name').allTextContents(), ['host0', 'host0', 'host1', 'host1'])
  t.same(await drawn.locator('.call').allTextContents(), Array(4).fill('recv, tag 7'))
  t.equal(await drawn.locator('path.wait').count(), 4)
  t.equal(await page.locator('.rank.stuck').count(), 4)
  await page.locator('#status', { hasText: 'exit code 123' }).waitFor()
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width: 360, height: 700 })
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), 360, 'nothing sticks out')
  }
  t.strictSame(complaints, [])
  t.equal((await job.ended).code, 123)
})

function hplDat(n: number): string {
  const lines = ['HPL', 'test', 'HPL.out', '6', '1', n, '1', '32', '0', '1', '1', '2', '16.0', '1', '2', '1', '4', '1', '2', '1', '1', '1', '1', '1', '1', '2', '64', '0', '0', '1', '8'] // prettier-ignore
  return `${lines.join('\n')}\n`
}
