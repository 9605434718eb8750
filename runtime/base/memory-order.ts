/** What this processor promises about memory that several threads write and read. */

/**
 * Others see stores in the order in which they are made, and loads are made in the order of the program; V8 keeps that order
 * for typed arrays. Then a plain store of the word that is written last says that all before it is there, and a plain look
 * that has found it may read the rest. V8 makes a call of what is atomic, 10 ns, and an atomic store waits until the line has
 * come from the other core: 40 ns of the 140 that one of many messages in a row takes.
 *
 * A plain look after a plain store may come before others see the store: not for those who go to sleep unless told.
 */
export const IN_ORDER = process.arch === 'x64'
