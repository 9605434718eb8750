#!/usr/bin/env node
/** The command tsmpi: no more than what an old Node.js can read too, before tsmpi.ts is loaded. */
import { refuseOldNode } from './runtime/base/oldest-node.ts'

refuseOldNode('tsmpi')
void import('./tsmpi.ts')
