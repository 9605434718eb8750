#!/usr/bin/env node
/** The command tsmpirun: no more than what an old Node.js can read too, before tsmpirun.ts is loaded. */
import { refuseOldNode } from '../base/oldest-node.ts'

refuseOldNode('tsmpirun')
void import('./tsmpirun.ts')
