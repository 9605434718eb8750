/** Links between agents, encrypted as they are unless told otherwise. */
import { checkLinks } from '../../helpers/link-checks.ts'

checkLinks(false)
