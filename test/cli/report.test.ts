/** `tsmpi report` as its users run it, on results of real jobs, and its page in a real browser. */
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { parseHTML } from 'linkedom'
import t from 'tap'
import { chromium, missingChromium } from '../helpers/chromium.ts'
import { resultLine, resultText } from '../helpers/hpl-results.ts'
import { start, TSMPI, tsmpirun, type Ended } from '../helpers/tsmpirun.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tsmpi-test-report-')))
t.teardown(() => rmSync(folder, { recursive: true }))

const tsmpi = (...args: string[]): Promise<Ended> => start(args, { cwd: folder, command: TSMPI }).ended
const file = (name: string): string => join(folder, name)
const text = (name: string): string => readFileSync(file(name), 'utf8')

const IDS = ['gflops', 'communication', 'grids', 'phases', 'speedup', 'efficiency', 'karp-flatt', 'timeline-1', 'benchmark-1'] // prettier-ignore

/** Matches this text and nothing else. */
const exactly = (text: string): RegExp => new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`)

/** What runs in the browser is text: its names are none of Node's. */
const FOCUSED =
  "(({ tagName, className }, figure) => `${figure?.id ?? ''} ${tagName} ${className}`)(document.activeElement, document.activeElement.closest('figure'))"

t.before(async () => {
  const sweep = await tsmpi('hpl', 'sweep', '--n', '60,120', '--nb', '16', '--grid', '1x1,1x2,2x1,1x3', '-o', 'sweep.jsonl') // prettier-ignore
  if (sweep.code !== 0) throw new Error(sweep.stderr)
  const program = 'test/cli/programs/traced.ts'
  const traced = await tsmpirun(['-n', '4', '--emulate-hosts', '2', '--trace', file('trace.json'), program])
  if (traced.code !== 0) throw new Error(traced.stderr)
  const latency = { benchmark: 'latency', unit: 'us', hosts: 1, results: [{ mode: 'latency', contender: 'tsmpi', values: { 8: [1, 2, 1.5], 1024: [3, 3.5, 4] } }] } // prettier-ignore
  writeFileSync(file('latency.json'), JSON.stringify(latency))
})

t.test('a sweep, a trace and a benchmark become one page, and pictures as files', async (t) => {
  const ended = await tsmpi('report', 'sweep.jsonl', 'trace.json', 'latency.json', '--figures', 'pictures')
  t.strictSame([ended.code, ended.stderr], [0, ''])
  t.match(ended.stdout, /^page: report\.html \(9 figures\)\nfigures: pictures\/\{gflops,/)
  const page = text('report.html')
  t.notMatch(page, /(src|href)="?https?:/, 'nothing is loaded from elsewhere')
  t.strictSame(readdirSync(file('pictures')).sort(), IDS.flatMap((id) => [`${id}.png`, `${id}.svg`]).sort())
})

t.test('all mistakes are told at once, and nothing is written', async (t) => {
  writeFileSync(file('strange.txt'), 'hello\n')
  writeFileSync(file('empty.jsonl'), '')
  const ended = await tsmpi('report', 'strange.txt', 'empty.jsonl', 'missing.jsonl', 'sweep.jsonl', '-o', 'none.html')
  t.equal(ended.code, 2)
  t.match(ended.stderr, /tsmpi: strange\.txt: expected results of hpl --json, .*\n(.*\n)*tsmpi: empty\.jsonl: is empty\ntsmpi: missing\.jsonl cannot be read: ENOENT/) // prettier-ignore
  t.notOk(readdirSync(folder).includes('none.html'))
  t.match(await tsmpi('report'), { code: 2, stderr: /no file given/ })
  t.match(await tsmpi('report', 'sweep.jsonl', '-o', 'nowhere/a.html'), { code: 2, stderr: /nowhere\/a\.html cannot be written: ENOENT/ }) // prettier-ignore
})

t.test('a name that looks like the end of a script does no harm', async (t) => {
  const line = resultLine({ n: 100, p: 1, q: 2, hosts: 2, link: '</script><b id=x>&', seconds: 1 })
  writeFileSync(file('odd.jsonl'), resultText([line, { ...line, test: { ...line.test, n: 200 } }]))
  t.match(await tsmpi('report', 'odd.jsonl', '-o', 'odd.html'), { code: 0 })
  const { document } = parseHTML(text('odd.html')) as unknown as { document: { getElementById(id: string): unknown } }
  t.equal(document.getElementById('x'), null)
  t.not(document.getElementById('gflops'), null)
})

t.test('the page in a browser', { skip: missingChromium() }, async (t) => {
  const browser = await chromium()
  t.teardown(() => browser.close())

  await t.test('every figure is there, with something in it, and nothing is complained about', async (t) => {
    const { page, complaints, requests } = await open(browser, {})
    t.strictSame(await page.$$eval('figure', (all) => all.map(({ id }) => id)), IDS)
    for (const id of IDS) {
      const plot = page.locator(`#${id} .wide svg.plot`)
      const box = await plot.boundingBox()
      t.ok(box !== null && box.width > 200 && box.height > 60, `${id} is shown`)
      t.ok((await plot.locator('path, rect, circle, line').count()) > 3, `${id} is not empty`)
      t.match(await plot.getAttribute('aria-label'), /\w+ .*\./, `${id} has words`)
      t.ok((await page.locator(`#${id} tbody tr`).count()) > 0, `${id} has a table`)
    }
    t.strictSame([complaints, requests], [[], []], 'no error, and no request')
  })

  await t.test('the timeline is zoomed by buttons, keys and wheel, and moved by dragging', async (t) => {
    const { page, complaints } = await open(browser, {})
    const words = page.locator('#timeline-1 .window')
    const picture = page.locator('#timeline-1 .picture')
    let before = (await words.textContent()) ?? ''
    /** What is shown has changed after an action; says what it was and is. */
    const changed = async (what: string, action: () => Promise<void>): Promise<void> => {
      await action()
      // The page forbids eval, which waitForFunction would need.
      await page.locator('#timeline-1 .window', { hasNotText: exactly(before) }).waitFor()
      const after = (await words.textContent()) ?? ''
      t.not(after, before, `${what}: ${after}`)
      before = after
    }
    const whole = before
    await changed('button', () => page.locator('#timeline-1 button[data-action=in]').click())
    await picture.focus()
    await changed('key +', () => page.keyboard.press('+'))
    await changed('key →', () => page.keyboard.press('ArrowRight'))
    const { x, y, width, height } = (await picture.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 }
    await page.mouse.move(x + width / 2, y + height * 0.6)
    await changed('dragging', async () => {
      await page.mouse.down()
      await page.mouse.move(x + width / 2 + 120, y + height * 0.6, { steps: 4 })
      await page.mouse.up()
    })
    await page.keyboard.down('Control')
    await changed('wheel', () => page.mouse.wheel(0, -300))
    await page.keyboard.up('Control')
    // A turn of the wheel ends a moment later; until then the picture that it began on stays.
    await page.locator('#timeline-1 .wide svg.plot').nth(1).waitFor({ state: 'detached' })
    t.ok((await page.locator('#timeline-1 .wide svg.plot rect').count()) > 0)
    await changed('key 0', async () => {
      await picture.focus()
      await page.keyboard.press('0')
    })
    t.equal(before, whole)
    t.strictSame(complaints, [])
  })

  await t.test('tables and pictures can be saved', async (t) => {
    const { page } = await open(browser, {})
    const saved = async (selector: string): Promise<string> => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.locator(selector).first().click()])
      await download.saveAs(file('saved'))
      return text('saved')
    }
    const csv = await saved('#gflops button[data-action=csv]')
    t.match(csv, /^grid,place,N,NB,T\/V,seconds,Gflops,dgemm Gflops,communication\n1x1 row,one host,60,16,/)
    t.equal(csv.trimEnd().split('\n').length, 1 + 8)
    for (const id of ['gflops', 'timeline-1'])
      t.match(await saved(`#${id} button[data-action=svg]`), /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^]*<\/svg>\s*$/)
  }) // prettier-ignore

  await t.test('it is dark if the reader likes it so, narrow on a phone, and light on paper', async (t) => {
    const ground = (page: Page): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor')
    const { page } = await open(browser, { colorScheme: 'dark' })
    t.equal(await ground(page), 'rgb(20, 23, 28)')
    await page.locator('#theme').click()
    t.equal(await ground(page), 'rgb(255, 255, 255)')
    await page.locator('#theme').click()
    await page.emulateMedia({ media: 'print' })
    t.equal(await ground(page), 'rgb(255, 255, 255)')
    t.equal(await page.locator('#gflops .tools').isVisible(), false)
    t.ok((await page.pdf()).length > 20_000)
    const phone = await open(browser, { viewport: { width: 375, height: 700 }, hasTouch: true })
    const width = await phone.page.evaluate<number>('document.documentElement.scrollWidth')
    t.ok(width <= 375, `the page is ${width} pixels wide`)
    for (const id of IDS) {
      t.equal(await phone.page.locator(`#${id} .narrow svg.plot`).isVisible(), true, id)
      t.equal(await phone.page.locator(`#${id} .wide svg.plot`).isVisible(), false, id)
    }
    await phone.page.locator('#timeline-1 button[data-action=in]').click()
    t.strictSame([...phone.complaints, ...phone.requests], [])
  })

  await t.test('a reader without a mouse reaches everything', async (t) => {
    const { page } = await open(browser, {})
    const reached = new Set<string>()
    for (let k = 0; k < 150; k++) {
      await page.keyboard.press('Tab')
      reached.add(await page.evaluate<string>(FOCUSED)) // prettier-ignore
    }
    for (const id of IDS) t.ok(reached.has(`${id} SUMMARY `) && reached.has(`${id} BUTTON `), id)
    t.ok(reached.has('timeline-1 DIV picture'))
  })
})

interface Opened {
  readonly page: Page
  /** Errors and warnings, whoever says them. */
  readonly complaints: string[]
  /** Requests beside that for the page. */
  readonly requests: string[]
}

async function open(browser: Browser, options: BrowserContextOptions): Promise<Opened> {
  const page = await (await browser.newContext(options)).newPage()
  const [complaints, requests]: string[][] = [[], []]
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => void (/^(file|data|blob):/.test(request.url()) || requests.push(request.url())))
  await page.goto(`file://${file('report.html')}`)
  // The timeline has been drawn by the script once its words are there.
  await page.locator('#timeline-1 .window', { hasText: /./ }).waitFor()
  return { page, complaints, requests } as Opened
}
