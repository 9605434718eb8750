/** Drawings that Vega lays out, as text. Vega is loaded on demand: most commands draw nothing. */
import type { Spec } from 'vega'

/** The text of an SVG file. The same description gives the same text. */
export async function vegaSvg(spec: Spec): Promise<string> {
  const { View, parse } = await import('vega')
  const view = new View(parse(spec), { renderer: 'none' })
  try {
    return `${await view.toSVG()}\n`
  } finally {
    view.finalize()
  }
}
