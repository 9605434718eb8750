/** The dashboard's web server answers those who know the token and ask for this machine, and nobody else. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { PageServer } from '../../../runtime/launcher/dashboard/server.ts'
import { ask, eventsOf } from '../../helpers/event-stream.ts'

const folder = mkdtempSync(join(tmpdir(), 'tsmpi-page-'))
writeFileSync(join(folder, 'page.html'), '<p>here</p>')
const assets = new Map([['', { type: 'text/html', file: pathToFileURL(join(folder, 'page.html')) }]])
t.teardown(() => rmSync(folder, { recursive: true }))

async function open(t: Test): Promise<PageServer> {
  const server = await PageServer.open({ assets, port: 0, onReader: () => ({ hello: 1 }) })
  t.teardown(() => server.close('end', {}))
  return server
}

t.test('the page is served under its token, with headers that let nothing else in', async (t) => {
  const { url } = await open(t)
  t.match(url, /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/)
  const page = await ask(url)
  t.equal(page.status, 200)
  t.equal(page.text, '<p>here</p>')
  t.match(page.headers['content-security-policy'], /default-src 'none'.*frame-ancestors 'none'/)
  t.notMatch(page.headers['content-security-policy'], /unsafe/)
  t.match(page.headers, {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'cross-origin-resource-policy': 'same-origin',
  })
})

t.test('every other path, host and method is refused', async (t) => {
  const { url } = await open(t)
  const { origin, port, pathname } = new URL(url)
  const wrongToken = pathname.replace(/.\/$/, (last) => (last === 'A/' ? 'B/' : 'A/'))
  for (const path of ['/', '/events', wrongToken, `${wrongToken}events`, '//', `/x${pathname}`])
    t.equal((await ask(`${origin}${path}`)).status, 403, path)
  for (const host of ['example.org', `example.org:${port}`, '127.0.0.1.example.org', '192.168.1.7'])
    t.equal((await ask(url, { headers: { host } })).status, 403, `Host: ${host}`)
  for (const host of [`localhost:${port}`, 'localhost:8080', '[::1]:8080'])
    t.equal((await ask(url, { headers: { host } })).status, 200, `Host: ${host}`)
  t.equal((await ask(url, { method: 'POST' })).status, 405)
  t.equal((await ask(`${url}nothing`)).status, 404)
  t.equal((await ask(`${url}..%2f..%2fpackage.json`)).status, 404)
  t.equal((await ask(url.replace(/\/$/, ''))).status, 308)
})

t.test('a stream begins with what the job is, has all that follows, and ends with the job', async (t) => {
  const server = await open(t)
  const events = eventsOf(`${server.url}events`)
  t.strictSame((await events.next()).value, { event: 'job', data: { hello: 1 } })
  t.equal(server.readers, 1)
  server.publish('picture', { text: 'a\n\nevent: b' })
  t.strictSame((await events.next()).value, { event: 'picture', data: { text: 'a\n\nevent: b' } })
  await server.close('end', { exitCode: 3 })
  t.strictSame((await events.next()).value, { event: 'end', data: { exitCode: 3 } })
  t.equal((await events.next()).done, true)
  await t.rejects(ask(server.url))
})

t.test('streams beyond the sixteenth are refused, and a closed one makes room', async (t) => {
  const server = await open(t)
  const streams = Array.from({ length: 16 }, () => eventsOf(`${server.url}events`))
  for (const stream of streams) await stream.next()
  t.equal((await ask(`${server.url}events`)).status, 503)
  await streams[0]?.return(undefined)
  while (server.readers === 16) await new Promise((resolve) => setImmediate(resolve))
  const again = eventsOf(`${server.url}events`)
  t.equal(((await again.next()).value as { event: string }).event, 'job')
})
