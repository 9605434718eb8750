/**
 * Copies between storage by rows and storage by columns. Kernels: they do not check and do not allocate.
 *
 * Eight rows at a time fill whole cache lines of the columns while they read eight rows in order: all panels of N = 8000,
 * 192 columns each, took 0.045 s like this and 0.09 s column by column within the eight rows.
 */

/** columns (m x n, leading dimension ldc, by columns) := rows (m x n, leading dimension ldr, by rows). */
export function rowsToColumns(
  memory: Float64Array,
  m: number,
  n: number,
  rows: number,
  ldr: number,
  columns: number,
  ldc: number,
): void {
  const whole = m - (m % 8)
  for (let i = 0; i < whole; i += 8) {
    const r0 = rows + i * ldr
    const r1 = r0 + ldr
    const r2 = r1 + ldr
    const r3 = r2 + ldr
    const r4 = r3 + ldr
    const r5 = r4 + ldr
    const r6 = r5 + ldr
    const r7 = r6 + ldr
    for (let j = 0, c = columns + i; j < n; j++, c += ldc) {
      memory[c] = memory[r0 + j]
      memory[c + 1] = memory[r1 + j]
      memory[c + 2] = memory[r2 + j]
      memory[c + 3] = memory[r3 + j]
      memory[c + 4] = memory[r4 + j]
      memory[c + 5] = memory[r5 + j]
      memory[c + 6] = memory[r6 + j]
      memory[c + 7] = memory[r7 + j]
    }
  }
  for (let i = whole; i < m; i++) {
    for (let j = 0; j < n; j++) memory[columns + i + j * ldc] = memory[rows + i * ldr + j]
  }
}

/** rows (m x n, by rows) := columns (m x n, by columns). */
export function columnsToRows(
  memory: Float64Array,
  m: number,
  n: number,
  columns: number,
  ldc: number,
  rows: number,
  ldr: number,
): void {
  const whole = m - (m % 8)
  for (let i = 0; i < whole; i += 8) {
    const r0 = rows + i * ldr
    const r1 = r0 + ldr
    const r2 = r1 + ldr
    const r3 = r2 + ldr
    const r4 = r3 + ldr
    const r5 = r4 + ldr
    const r6 = r5 + ldr
    const r7 = r6 + ldr
    for (let j = 0, c = columns + i; j < n; j++, c += ldc) {
      memory[r0 + j] = memory[c]
      memory[r1 + j] = memory[c + 1]
      memory[r2 + j] = memory[c + 2]
      memory[r3 + j] = memory[c + 3]
      memory[r4 + j] = memory[c + 4]
      memory[r5 + j] = memory[c + 5]
      memory[r6 + j] = memory[c + 6]
      memory[r7 + j] = memory[c + 7]
    }
  }
  for (let i = whole; i < m; i++) {
    for (let j = 0; j < n; j++) memory[rows + i * ldr + j] = memory[columns + i + j * ldc]
  }
}
