// What a network card asks when it boots, for the tests of `tsmpi boot`:
//   pxe-client.mjs dhcp MAC ARCH|ipxe     one DHCPDISCOVER; prints the offer as JSON, or null if there is none in a second;
//                                         a proxy is asked again on port 4011, for the first entry of its menu
//   pxe-client.mjs tftp SERVER FILE       prints the file
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'

const COOKIE = [0x63, 0x82, 0x53, 0x63]
const NAMES = { 12: 'hostName', 15: 'domain', 60: 'vendorClass', 67: 'bootFile' }
const ADDRESSES = { 3: 'router', 54: 'server' }
/** In a proxy's vendor options: the entries of its menu, a type of two bytes first. */
const MENU = 9
const LIMIT_MS = 1000

const [command, ...args] = process.argv.slice(2)
if (command === 'dhcp') console.log(JSON.stringify(await discover(...args)))
else process.stdout.write(await fetchFile(...args))

async function discover(mac, kind) {
  const socket = createSocket('udp4')
  socket.bind(68, '0.0.0.0')
  await once(socket, 'listening')
  socket.setBroadcast(true)
  const asker = { mac: mac.split(':').map((byte) => parseInt(byte, 16)), kind }
  let offer = await exchange(socket, requestMessage(asker, [53, 1, 1]), 67, '255.255.255.255')
  if (offer?.vendorClass === 'PXEClient' && offer.file === '') {
    const entry = offer.menu === undefined ? [] : [43, 7, 71, 4, ...offer.menu.subarray(0, 2), 0, 0, 255]
    const choice = [53, 1, 3, ...entry]
    const [own] = Object.values(networkInterfaces())
      .flat()
      .filter(({ internal, family }) => !internal && family === 'IPv4')
    const request = requestMessage(asker, choice)
    request.set(own.address.split('.').map(Number), 12) // by now a machine has its address
    offer = await exchange(socket, request, 4011, offer.server)
  }
  socket.close()
  return offer
}

async function exchange(socket, request, port, address) {
  socket.send(request, port, address)
  return new Promise((resolve) => {
    const limit = setTimeout(() => resolve(null), LIMIT_MS)
    socket.removeAllListeners('message')
    socket.on('message', (message) => {
      if (message.readUInt32BE(4) !== request.readUInt32BE(4)) return
      clearTimeout(limit)
      resolve(parseOffer(message))
    })
  })
}

function requestMessage({ mac, kind }, first) {
  const arch = kind === 'ipxe' ? 0 : Number(kind)
  const text = (code, value) => [code, value.length, ...Buffer.from(value)]
  const options = [
    ...first,
    ...[93, 2, 0, arch],
    ...[94, 3, 1, 2, 1],
    ...[97, 17, 0, ...Array(16).fill(7)],
    ...text(60, `PXEClient:Arch:${String(arch).padStart(5, '0')}:UNDI:002001`),
    ...[55, 4, 3, 12, 15, 67],
    ...(kind === 'ipxe' ? [175, 3, 19, 1, 1] : []),
    255,
  ]
  const head = Buffer.alloc(236)
  head.set([1, 1, 6, 0])
  head.writeUInt32BE(process.pid * 2 + (first[2] === 1 ? 0 : 1), 4)
  head.writeUInt16BE(0x8000, 10) // answer by broadcast
  head.set(mac, 28)
  return Buffer.concat([head, Buffer.from([...COOKIE, ...options])])
}

function parseOffer(message) {
  const address = (at) => [...message.subarray(at, at + 4)].join('.')
  const text = (bytes) => bytes.toString('latin1').replace(/\0.*$/s, '')
  const offer = { address: address(16), nextServer: address(20), file: text(message.subarray(108, 236)) }
  for (const [code, value] of optionsIn(message.subarray(240))) {
    if (code in NAMES) offer[NAMES[code]] = text(value)
    if (code in ADDRESSES) offer[ADDRESSES[code]] = [...value.subarray(0, 4)].join('.')
    if (code === 43) offer.menu = new Map(optionsIn(value)).get(MENU)
  }
  if (offer.bootFile !== undefined) offer.file = offer.bootFile
  return offer
}

function optionsIn(bytes) {
  const options = []
  for (let at = 0; at < bytes.length && bytes[at] !== 255; at += 2 + bytes[at + 1])
    options.push([bytes[at], bytes.subarray(at + 2, at + 2 + bytes[at + 1])])
  return options
}

async function fetchFile(server, file) {
  const socket = createSocket('udp4')
  const blocks = []
  socket.send(Buffer.from(`\0\u0001${file}\0octet\0`), 69, server)
  const limit = setTimeout(() => process.exit(1), LIMIT_MS)
  for (;;) {
    const [message, { port }] = await once(socket, 'message')
    if (message.readUInt16BE(0) !== 3) throw new Error(message.subarray(4).toString())
    blocks.push(message.subarray(4))
    socket.send(Buffer.from([0, 4, message[2], message[3]]), port, server)
    if (message.length < 516) break
  }
  clearTimeout(limit)
  socket.close()
  return Buffer.concat(blocks)
}
