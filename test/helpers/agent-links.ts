/** The two ways to the sockets between agents, for tests that hold for both. */
import { curveKeyPair } from 'zeromq'
import type { LinkKeys } from '../../runtime/transport/admission.ts'
import type { AgentLinks, Listening } from '../../runtime/transport/agent-link.ts'
import { NativeLinks } from '../../runtime/transport/native-link.ts'
import { loadLibzmq } from '../../runtime/transport/native-zmq.ts'
import { ZmqLinks } from '../../runtime/transport/zmq-link.ts'

/** Keys of an agent. */
export function linkKeys(inTheClear = false): LinkKeys {
  return { ...curveKeyPair(), inTheClear }
}

type Open = (where: Listening, keys: LinkKeys, admitted: readonly string[]) => Promise<AgentLinks>

/** By name. libzmq itself is missing where it cannot be called, such as on Windows. */
export function waysToOpen(): [string, Open][] {
  const ways: [string, Open][] = [['zeromq.js', (...given) => ZmqLinks.open(...given)]]
  const lib = loadLibzmq()
  // A context of its own each time: libzmq asks one handler a context for keys.
  if (lib !== undefined) ways.push(['libzmq', (...given) => NativeLinks.open(loadLibzmq() as typeof lib, ...given)])
  else if (process.platform === 'linux') throw new Error('libzmq cannot be called')
  return ways
}
