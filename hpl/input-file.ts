/**
 * Finds and reads HPL.dat and opens the output it names. Runs on one rank; what it finds out is one value that can be
 * sent to the others. Nothing is written before the whole input is known to be good.
 */
import { closeSync, existsSync, openSync, readSync, writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { tryToWrite } from '../runtime/base/try-to-write.ts'
import { formatInputError, formatWarning, parseHplDat, type ParsedInput } from './input.ts'
import { cannotOpenInput, cannotOpenOutput, hplError, illegalInput, type HplMessage } from './messages.ts'
import { DEVICE_STDERR, DEVICE_STDOUT, type HplParameters } from './parameters.ts'

/** What the input amounts to, and what is to be said about it on standard error. */
export interface HplInput {
  /** Undefined if the run cannot begin. */
  readonly parameters: HplParameters | undefined
  readonly complaints: string
}

/**
 * Reads the input file. Local.
 *
 * @param dat the file, or undefined for HPL.dat of the working directory, or else the packaged one
 * @param ranks (global) processes in the job
 */
export function readInput(dat: string | undefined, ranks: number): HplInput {
  const { path, name, note } = locate(dat)
  let text: string
  try {
    text = readBeginning(path)
  } catch (error) {
    return { parameters: undefined, complaints: `${said(cannotOpenInput(name))}${reason(error)}` }
  }
  return checkInput(text, { name, note, ranks })
}

/** The same for a text that has been read. Local. `name` and `note` are for messages. */
export function checkInput(
  text: string,
  { name, note = '', ranks }: { readonly name: string; readonly note?: string; readonly ranks: number },
): HplInput {
  const parsed = parseHplDat(text, ranks)
  const warnings = parsed.warnings.map((warning) => `${formatWarning(warning, name)}\n`).join('')
  const complaints = note + warnings
  const unwritable = unwritableOutput(parsed)
  if (unwritable !== undefined)
    return refused(complaints + unwritable.reason, name, cannotOpenOutput(unwritable.outputFile))
  if (parsed.ok) {
    const { parameters } = parsed
    return { parameters, complaints: complaints + (parameters.threshold > 0 ? '' : notChecked(name, parameters)) }
  }
  const refusal = refused(complaints, name, parsed.error)
  return { ...refusal, complaints: `${refusal.complaints}${formatInputError(parsed.error, name)}\n` }
}

/** 31 lines of which netlib reads 253 bytes at a time are all that counts, so that no file is too large to be read. */
const MOST_BYTES = 65_536

/** The text of a file as far as it matters; a pipe or a device will do. @throws what the file system throws */
function readBeginning(path: string): string {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(MOST_BYTES)
    let filled = 0
    for (let count = -1; count !== 0 && filled < MOST_BYTES; filled += count)
      count = readSync(file, bytes, filled, MOST_BYTES - filled, null)
    return bytes.toString('utf8', 0, filled)
  } finally {
    closeSync(file)
  }
}

/** What the file system says, which netlib keeps to itself, as a line. */
function reason(error: unknown): string {
  return `hpl: ${(error as Error).message}\n`
}

function refused(complaints: string, name: string, message: HplMessage): HplInput {
  // Netlib's two messages first, since scripts look for them at the beginning.
  return { parameters: undefined, complaints: said(message) + said(illegalInput(name)) + complaints }
}

function notChecked(name: string, { threshold }: HplParameters): string {
  return `hpl: residuals are not checked: line 13 of ${name} has threshold ${String(threshold)}, which is not above 0\n`
}

function said(message: HplMessage): string {
  return hplError({ rank: 0, ...message })
}

function locate(dat: string | undefined): { path: string; name: string; note: string } {
  if (dat !== undefined) return { path: dat, name: dat, note: '' }
  if (existsSync('HPL.dat')) return { path: 'HPL.dat', name: 'HPL.dat', note: '' }
  const path = packagedInput()
  return { path, name: 'HPL.dat', note: `hpl: no HPL.dat in ${process.cwd()}, using the packaged one: ${path}\n` }
}

/** hpl/HPL.dat of the package, from hpl/ or from dist/hpl/. */
function packagedInput(): string {
  return fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? 'HPL.dat' : '../../hpl/HPL.dat', import.meta.url))
}

/** The output file, if there is one and it cannot be written, and why. Leaves the file as it is. */
function unwritableOutput(parsed: ParsedInput): { outputFile: string; reason: string } | undefined {
  const { device, outputFile } = parsed.ok ? parsed.parameters : parsed.output
  if (device === DEVICE_STDOUT || device === DEVICE_STDERR) return undefined
  try {
    tryToWrite(outputFile)
    return undefined
  } catch (error) {
    return { outputFile, reason: reason(error) }
  }
}

/** Where the report goes. */
export interface Output {
  print(text: string): void
  close(): void
}

/** Opens the output device; a file is emptied. Local. @throws Error that names the file if it cannot be written, also from print */
export function openOutput({ device, outputFile }: HplParameters): Output {
  if (device === DEVICE_STDOUT) return { print: (text) => void process.stdout.write(text), close: () => undefined }
  if (device === DEVICE_STDERR) return { print: (text) => void process.stderr.write(text), close: () => undefined }
  const attempt = <T>(write: () => T): T => {
    try {
      return write()
    } catch (error) {
      throw cannotWrite(outputFile, error)
    }
  }
  const file = attempt(() => openSync(outputFile, 'w'))
  return {
    print: (text) => attempt(() => writeAll(file, Buffer.from(text))),
    close: () => attempt(() => closeSync(file)),
  }
}

/** A full disk is nobody's programming error: the stack would only hide what is wrong. */
function cannotWrite(outputFile: string, cause: unknown): Error {
  const error = new Error(`hpl: cannot write the report to ${JSON.stringify(outputFile)}: ${(cause as Error).message}`)
  error.stack = error.message
  return error
}

/** A write may take less than it is given. */
function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done)
}
