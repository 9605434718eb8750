/** What rendering gives: files as texts, before anything is written. Layer below: none. */

export interface RenderedFile {
  /** Below the directory that is rendered into, with slashes. */
  readonly path: string
  readonly text: string
  /** Whether it is a program. */
  readonly executable?: boolean
  /** Where it goes, and what it is for: its line in the README. */
  readonly target: string
  readonly purpose: string
}
