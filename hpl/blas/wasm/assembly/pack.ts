/**
 * Packing: copies blocks of op(A) and op(B) into the order in which the micro-kernel reads them. A sliver of `width`
 * rows of op(A) (columns of op(B)) becomes k groups of `width` neighbouring doubles. Transposition is only a matter of
 * the two strides, both in bytes: `along` the sliver's width and `step` in k.
 */

/** Packs one sliver, times alpha. */
export function packSliver(to: usize, from: usize, width: i32, k: i32, along: usize, step: usize, alpha: f64): void {
  if (width === 3) return packThree(to, from, k, along, step, alpha)
  const group = <usize>(8 * width)
  for (let i = 0; i < width; i++) {
    let source = from + <usize>i * along
    let target = to + <usize>(8 * i)
    for (let l = 0; l < k; l++) {
      store<f64>(target, alpha * load<f64>(source))
      source += step
      target += group
    }
  }
}

/** Three columns (or rows) side by side: the writes are contiguous, which makes it twice as fast as one by one. */
function packThree(to: usize, from: usize, k: i32, along: usize, step: usize, alpha: f64): void {
  let second = from + along
  let third = second + along
  for (; k > 0; k--) {
    store<f64>(to, alpha * load<f64>(from))
    store<f64>(to, alpha * load<f64>(second), 8)
    store<f64>(to, alpha * load<f64>(third), 16)
    from += step
    second += step
    third += step
    to += 24
  }
}

/** Packs `rows` <= 6 rows of op(A) as a sliver of 6, missing rows as zeros. */
export function packRows(to: usize, from: usize, rows: i32, k: i32, along: usize, step: usize): void {
  if (rows === 6 && along === 8) return packSix(to, from, k, step)
  if (rows === 6 && step === 8) return packSixTransposed(to, from, k, along)
  memory.fill(to, 0, <usize>(48 * k))
  for (let l = 0; l < k; l++) {
    for (let i = 0; i < rows; i++) store<f64>(to + <usize>(8 * i), load<f64>(from + <usize>i * along))
    from += step
    to += 48
  }
}

/** Six contiguous doubles per k. */
function packSix(to: usize, from: usize, k: i32, step: usize): void {
  for (; k > 0; k--) {
    v128.store(to, v128.load(from), 0)
    v128.store(to, v128.load(from, 16), 16)
    v128.store(to, v128.load(from, 32), 32)
    from += step
    to += 48
  }
}

/** Six rows that are contiguous in k: two k at a time, turned in registers. */
function packSixTransposed(to: usize, from: usize, k: i32, along: usize): void {
  for (; k > 1; k -= 2) {
    let row = from
    for (let pair = 0; pair < 48; pair += 16) {
      const first = v128.load(row)
      const second = v128.load(row + along)
      v128.store(to + pair, v128.shuffle<f64>(first, second, 0, 2))
      v128.store(to + pair, v128.shuffle<f64>(first, second, 1, 3), 48)
      row += 2 * along
    }
    from += 16
    to += 96
  }
  if (k > 0) packSliver(to, from, 6, 1, along, 8, 1.0)
}
