/** Z85, the text form of keys (RFC 32): sockets take keys as text, ZAP hands over bytes. */
const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'
const DIGITS_A_WORD = 5

/** The text of bytes, a multiple of four: five characters for four bytes. */
export function encodeZ85(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.readUInt32BE(at)
    for (let place = DIGITS_A_WORD - 1; place >= 0; place--)
      text += DIGITS[Math.floor(word / DIGITS.length ** place) % DIGITS.length]
  }
  return text
}
