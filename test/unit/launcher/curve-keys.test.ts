import t from 'tap'
import { Pull, Push } from 'zeromq'
import { curveKeys } from '../../../runtime/launcher/curve-keys.ts'

t.test('libzmq takes the keys: what is sent with them arrives', async (t) => {
  const [server, client] = [curveKeys(), curveKeys()]
  t.not(server.secretKey, client.secretKey)
  const pull = new Pull({ linger: 0, receiveTimeout: 20_000, curveServer: true, curveSecretKey: server.secretKey })
  const push = new Push({
    linger: 0,
    curveServerKey: server.publicKey,
    curvePublicKey: client.publicKey,
    curveSecretKey: client.secretKey,
  })
  t.teardown(() => [pull, push].forEach((socket) => socket.close()))
  await pull.bind('tcp://127.0.0.1:*')
  push.connect(pull.lastEndpoint as string)
  await push.send('hello')
  t.equal(String((await pull.receive())[0]), 'hello')
})
