// jstat has no types of its own; this is the part of it that is used here.
declare module 'jstat' {
  const jStat: { readonly studentt: { inv(probability: number, degreesOfFreedom: number): number } }
  export = jStat
}
