/** Links between agents of a job with `--encryption off`. */
import { checkLinks } from '../../helpers/link-checks.ts'

checkLinks(true)
