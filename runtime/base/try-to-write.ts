/** Whether a file can be written, asked before the work whose result it is for. Lowest layer: nothing but Node. */
import { accessSync, closeSync, constants, openSync, rmSync, statSync } from 'node:fs'

/**
 * Opens a file on trial and leaves all as it was. A pipe is not opened, since its reader would take the trial for the end.
 *
 * @throws Error of Node if the file cannot be written
 */
export function tryToWrite(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isFIFO() === true) return accessSync(path, constants.W_OK)
  closeSync(openSync(path, 'a'))
  if (found === undefined) rmSync(path)
}
