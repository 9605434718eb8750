/**
 * Whether a thread's event loop waits for something that `process.getActiveResourcesInfo()` does not list: jobs of Node's
 * thread pool (compression, key derivation), and handles of native modules, such as the sockets of zeromq.
 */

/**
 * True if anything but what the caller has unreferenced keeps this thread's event loop alive. Takes 10 to 30 ms, most of it
 * for parts of the report that nobody reads. Local.
 */
export function keepsEventLoopAlive(): boolean {
  const { report } = process
  // A field since Node 20.13: without it the addresses of open sockets are looked up by name.
  const settings = report as { excludeNetwork?: boolean } | undefined
  const before = settings?.excludeNetwork
  if (settings !== undefined) settings.excludeNetwork = true
  try {
    const { libuv = [] } = (report?.getReport() ?? {}) as { libuv?: readonly LibuvEntry[] }
    return libuv.some(({ type, is_active }) => type === 'loop' && is_active)
  } finally {
    if (settings !== undefined && before !== undefined) settings.excludeNetwork = before
  }
}

interface LibuvEntry {
  readonly type: string
  readonly is_active: boolean
}
