/**
 * The oldest Node.js that runs tsmpi. An older one must be able to read this file, and those that begin with it: what it
 * cannot read it would show as a SyntaxError in some library. So: old syntax only, and no imports.
 */

/** Major version; package.json has it too, under engines. */
export const OLDEST_NODE = 20

/** Ends the process, with a message, if Node.js is too old. */
export function refuseOldNode(command: string): void {
  const node = process.versions.node
  if (Number(node.split('.')[0]) >= OLDEST_NODE) return
  process.stderr.write(
    `${command}: this is Node.js ${node} (${process.execPath}), and tsmpi needs version ${OLDEST_NODE} or later.\n` +
      'Systems may come with an older one; newer ones are at https://nodejs.org/en/download\n',
  )
  process.exit(2)
}
