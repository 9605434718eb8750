import fc from 'fast-check'
import t from 'tap'
import { Pull, Push } from 'zeromq'
import { curveKeys, z85 } from '../../../runtime/launcher/curve-keys.ts'

t.test('Z85 is that of its specification', (t) => {
  t.equal(z85(Buffer.from('864fd26fb559f75b', 'hex')), 'HelloWorld')
  t.equal(z85(Buffer.alloc(0)), '')
  t.end()
})

t.test('different bytes have different texts, five characters for four bytes', (t) => {
  const words = fc.uint8Array({ minLength: 8, maxLength: 8 })
  fc.assert(
    fc.property(words, words, (one, other) => {
      const [text, second] = [z85(Buffer.from(one)), z85(Buffer.from(other))]
      return text.length === 10 && (text === second) === (Buffer.compare(one, other) === 0)
    }),
  )
  t.end()
})

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
