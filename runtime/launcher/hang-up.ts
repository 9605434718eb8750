/**
 * The end of a command whose terminal is gone. Node sets a terminal back to what it was when it exits, and crashes if that
 * terminal has hung up; so the command ends by the signal that says so, as other programs do. Its exit code is 129 either
 * way.
 */
import { isatty } from 'node:tty'

/** Call it at the start; what it returns ends the process if a terminal of its standard streams has hung up meanwhile. */
export function watchTerminal(): () => void {
  const terminals = [0, 1, 2].filter((fd) => isatty(fd))
  return () => {
    if (terminals.every((fd) => isatty(fd))) return
    process.removeAllListeners('SIGHUP')
    process.kill(process.pid, 'SIGHUP')
  }
}
