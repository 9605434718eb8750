/** A module in a folder of its own. */
export const here: string = import.meta.url

export function fail(): never {
  const message: string = 'from part'
  throw new Error(message)
}
