/** A Chromium of the system, without a window. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium as engine, type Browser } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

function path(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((file) => existsSync(file))
}

/** Reason to skip a test; false if there is a browser. */
export function missingChromium(): string | false {
  return path() === undefined ? `no Chromium: none of ${NAMES.join(', ')} is in PATH` : false
}

/** The sandbox needs a user of its own, which a container often has not; the pages are our own. */
export function chromium(): Promise<Browser> {
  return engine.launch({ executablePath: path() as string, args: ['--no-sandbox'] })
}
