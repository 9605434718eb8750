import { SUM, type Op } from 'tsmpi'
import { word } from './word.ts'

const op: Op = SUM

export function greet(rank: number): string {
  return `${word} from ${rank}, ${op.name}`
}
