/** Reads server-sent events as a browser does, for tests. */
import { get, request, type IncomingMessage } from 'node:http'

export interface StreamEvent {
  readonly event: string
  readonly data: unknown
}

/** The events of a stream in order; ends when the stream does. */
export async function* eventsOf(url: string): AsyncGenerator<StreamEvent> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => get(url, resolve).on('error', reject))
  response.setEncoding('utf8')
  let text = ''
  for await (const piece of response) {
    const blocks = (text += piece).split('\n\n')
    text = blocks.pop() as string
    for (const block of blocks) {
      const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? []
      yield { event, data: JSON.parse(data) }
    }
  }
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** One request, with headers that `fetch` would not let us choose. */
export function ask(
  url: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    sent.on('error', reject).end()
  })
}
