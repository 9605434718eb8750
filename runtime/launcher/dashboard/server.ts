/**
 * The web server of a dashboard: a handful of files and one stream of events, for people at this machine only.
 *
 * Whoever asks must know the token of the job, which is part of the path and compared in constant time, and must have asked
 * for this machine by name: a page of another site, to which a browser was led by a name that means 127.0.0.1 (DNS
 * rebinding), is refused. Nothing is changed by a request. Layer below: node:http.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const ADDRESS = '127.0.0.1'
/** The port may differ from ours: ssh -L carries it to another machine. */
const LOOPBACK_HOST = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i
/** Streams beyond this many are refused: somebody left tabs open, or means no good. */
const MOST_STREAMS = 16
const MOST_CONNECTIONS = 64
/** A reader with more than this before it is passed over until it has caught up. */
const BACKLOG_BYTES = 1 << 20
/** How long readers may take for the last event. */
const LAST_EVENT_MS = 500

/** No script but ours, no frame around us, nothing from elsewhere. uPlot sets styles through the object model, which is allowed. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
} as const

/** Something to fetch. */
export interface Asset {
  readonly type: string
  readonly file: URL
}

export interface PageOptions {
  /** By name; '' is the page itself. */
  readonly assets: ReadonlyMap<string, Asset>
  /** 0: any that is free. */
  readonly port: number
  /** Somebody has opened the stream; what is returned is the first that they get. */
  readonly onReader: () => unknown
}

export class PageServer {
  readonly url: string
  readonly #options: PageOptions
  readonly #server: Server
  readonly #tokenDigest: Buffer
  readonly #streams = new Set<ServerResponse>()

  private constructor(options: PageOptions, server: Server, token: string) {
    this.#options = options
    this.#server = server
    this.#tokenDigest = digest(token)
    this.url = `http://${ADDRESS}:${(server.address() as AddressInfo).port}/${token}/`
    server.on('request', (request, response) => void this.#answer(request, response))
  }

  /** @throws Error if the port is taken */
  static async open(options: PageOptions): Promise<PageServer> {
    const server = createServer()
    server.maxConnections = MOST_CONNECTIONS
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: ADDRESS, port: options.port }, () => resolve())
    })
    return new PageServer(options, server, randomBytes(24).toString('base64url'))
  }

  /** Those who read the stream now. */
  get readers(): number {
    return this.#streams.size
  }

  /** Sends an event to all who read the stream and keep up. */
  publish(event: string, data: unknown): void {
    const text = eventText(event, data)
    for (const stream of this.#streams) if (stream.writableLength < BACKLOG_BYTES) stream.write(text)
  }

  /** Sends a last event and stops serving. */
  async close(event: string, data: unknown): Promise<void> {
    const text = eventText(event, data)
    const sent = [...this.#streams].map((stream) => new Promise<void>((resolve) => stream.end(text, () => resolve())))
    await Promise.race([Promise.all(sent), new Promise((resolve) => setTimeout(resolve, LAST_EVENT_MS).unref())])
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    const [, token = '', name] = /^\/([^/?]*)(?:\/([^/?]*))?(?:\?.*)?$/.exec(request.url ?? '') ?? []
    if (!LOOPBACK_HOST.test(request.headers.host ?? '') || !timingSafeEqual(digest(token), this.#tokenDigest))
      refuse(response, 403, 'wrong address: use the one that tsmpirun has printed')
    else if (request.method !== 'GET' && request.method !== 'HEAD') refuse(response, 405, 'only GET')
    else if (name === undefined) response.writeHead(308, { location: `/${token}/` }).end()
    else if (name === 'events') this.#stream(response)
    else await this.#send(name, response)
  }

  #stream(response: ServerResponse): void {
    if (this.#streams.size >= MOST_STREAMS) {
      refuse(response, 503, `${MOST_STREAMS} pages are open already`)
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    response.on('close', () => this.#streams.delete(response))
    this.#streams.add(response)
    response.write(eventText('job', this.#options.onReader()))
  }

  async #send(name: string, response: ServerResponse): Promise<void> {
    const asset = this.#options.assets.get(name)
    if (asset === undefined) return refuse(response, 404, 'no such file')
    const bytes = await readFile(asset.file)
    response.writeHead(200, { 'content-type': asset.type }).end(bytes)
  }
}

/** Digests are of one length, whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${why}\n`)
}

/** JSON has no line breaks: one line of data (HTML standard, server-sent events). */
function eventText(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
