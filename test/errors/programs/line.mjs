// A start command as ssh is one: starts the agent somewhere else (here: in a session of its own) and carries its input and
// output. Stopped, it is a network that has gone silent; killed, a connection that broke.
import { spawn } from 'node:child_process'

const [file, ...args] = process.argv.slice(2)
const agent = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
process.stdin.pipe(agent.stdin)
agent.stdout.pipe(process.stdout)
agent.stdin.on('error', () => undefined)
agent.on('exit', (code) => process.exit(code ?? 1))
