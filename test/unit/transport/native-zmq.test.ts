/** The short way to libzmq, which every agent takes when it starts; the long one would do as well, and go unnoticed. */
import { createRequire } from 'node:module'
import t from 'tap'
import { loadLibzmq } from '../../../runtime/transport/native-zmq.ts'

const onLinux = process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64')

t.test('libzmq is found without the loaders of zeromq.js and koffi', { skip: !onLinux && 'Linux only' }, (t) => {
  t.not(loadLibzmq(), undefined)
  const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) =>
    /node_modules.*(zeromq|koffi)/.test(path),
  )
  t.match(loaded, [/@koromix.*koffi\.node$/])
  t.equal(loaded.length, 1, loaded.join())
  t.end()
})
