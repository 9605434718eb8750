/** A rank's thread that takes its time to answer what it is doing: `workerData` has the port and the milliseconds. */
import { parentPort, workerData } from 'node:worker_threads'

const { inquiries, ms } = workerData
inquiries.on('message', () => {
  for (const end = performance.now() + ms; performance.now() < end;);
  inquiries.postMessage({ waits: [] })
})
parentPort.postMessage('ready')
