/**
 * How much is tested: a part by default, on which who writes code can wait; every case with TSMPI_TEST_ALL=1, as CI does in
 * some twenty minutes of two cores; with TSMPI_TEST_ALL=2 what would take CI too long besides: repetitions, more seeds,
 * longer runs.
 */
const level = Number(process.env['TSMPI_TEST_ALL'] ?? 0)

/** Every case. */
export const ALL = level >= 1
/** Again and again. */
export const SOAK = level >= 2
