/** Placeholder surface, completed by the collectives. */
import { Comm } from '../runtime/comm/comm.ts'

export class Intracomm extends Comm {}
