/** A port of this machine that nobody listens on. */
import { createServer, type AddressInfo } from 'node:net'

/** The system gave it out a moment ago, and gives out others for a while. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
