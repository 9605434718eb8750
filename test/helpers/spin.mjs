/** A call that does not return, two functions deep. */
import { parentPort } from 'node:worker_threads'

export function test() {
  parentPort.postMessage('ready')
  spin()
}

function spin() {
  for (let x = 0; x <= 2; x = Math.sin(x));
}
