/** Titles of panels that stand beside or below each other: as long as there is room, in two lines at most. Layer below: Plot. */
import * as Plot from '@observablehq/plot'

/** Space above panels for their titles, in pixels. */
export const TITLE_SPACE = 40

/** A title above each panel. Local. @param width of a panel, in pixels */
export function panelTitles(names: readonly string[], facet: 'fx' | 'fy', width: number): Plot.Markish {
  // A line width is in em; bold letters of 12 pixels are a little wider than those that Plot reckons with.
  const lineWidth = (width - 12) / 13
  return Plot.text(names, { [facet]: (name: string) => name, text: (name: string) => name, frameAnchor: 'top-left', lineAnchor: 'bottom', dy: -8, fontWeight: 'bold', lineWidth }) // prettier-ignore
}
