/** Short memory, copied word by word: a loop over 32-bit words is quicker than `set`, which needs a view and is a call. */

/** Longest memory for which that is so: 64 bytes take 19 ns, 256 bytes 68, 512 bytes 140; by `set` all of them 120 to 150. */
const WORDS_NBYTES = 256

/** Memory as words; undefined if it is long, or its ends are not those of words. */
export function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): Int32Array | undefined {
  if (byteLength > WORDS_NBYTES || (byteOffset | byteLength) % 4 !== 0) return undefined
  return new Int32Array(buffer, byteOffset, byteLength / 4)
}

/**
 * Copies `count` words from word `from` of `source` to word `at` of `target`, which do not overlap. Four at a time, as V8 does
 * not unroll loops: 64 bytes take 33 ns one by one, 256 bytes 137; 8 bytes 5 to 8 either way.
 */
export function copyWords(target: Int32Array, at: number, source: Int32Array, from: number, count: number): void {
  let i = 0
  for (; i + 3 < count; i += 4) {
    const to = at + i
    const first = from + i
    target[to] = source[first] as number
    target[to + 1] = source[first + 1] as number
    target[to + 2] = source[first + 2] as number
    target[to + 3] = source[first + 3] as number
  }
  for (; i < count; i++) target[at + i] = source[from + i] as number
}
