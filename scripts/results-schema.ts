// Prints the format of result files as JSON Schema: node --import=tsx scripts/results-schema.ts > docs/hpl-results.schema.json
import { resultsJsonSchema } from '../hpl/results/schema.ts'

console.log(JSON.stringify(resultsJsonSchema(), undefined, 2))
