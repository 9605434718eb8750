/** The tree of recursive doubling: which operands are combined, in which order, for all ranks at once and for one. */
import t from 'tap'
import { reduceInTree, scanAllInTree, scanInTree } from '../../../collectives/power-of-two.ts'

/** Operands that say what has been combined to them. */
function operands(size: number): { text: string }[] {
  return Array.from({ length: size }, (_, rank) => ({ text: String(rank) }))
}

function combine(lower: { text: string }, upper: { text: string }): void {
  upper.text = `(${lower.text} ${upper.text})`
}

for (let size = 1; size <= 33; size++)
  t.test(`a scan for all of ${size} ranks is that for each, and exclusive that for the rank below`, (t) => {
    const all = operands(size)
    scanAllInTree(all, combine)
    for (const [rank, { text }] of all.entries()) {
      t.equal(text, scanInTree(operands(size), rank, 'inclusive', combine).text)
      if (rank > 0) t.equal(all[rank - 1]?.text, scanInTree(operands(size), rank, 'exclusive', combine).text)
    }
    if ((size & (size - 1)) === 0) t.equal(all[size - 1]?.text, reduceInTree(operands(size), combine).text)
    t.end()
  })
