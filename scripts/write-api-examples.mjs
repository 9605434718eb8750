// Writes the examples of the API's docstrings as programs into a folder: all.ts runs those that are bodies of `run`, the
// others get a file each. Prints what is there as JSON: `{ bodies: [name], programs: [{ name, file }] }`.
//
//   node scripts/write-api-examples.mjs FOLDER
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apiOf, checkedProgram, compileApi, exportedNames, isProgram, runner } from './api-examples.mjs'

const folder = process.argv[2]
const { program, entries } = compileApi()
const examples = apiOf(program, entries).flatMap(({ examples }) => examples)
const bodies = examples.filter((example) => !isProgram(example))
const programs = examples.filter(isProgram)
const fileOf = ({ name }) => join(folder, `${name}.ts`)

writeFileSync(join(folder, 'all.ts'), runner(bodies, exportedNames(program, entries[0])))
for (const example of programs) writeFileSync(fileOf(example), checkedProgram(example))
console.log(
  JSON.stringify({
    bodies: bodies.map(({ name }) => name),
    programs: programs.map((example) => ({ name: example.name, file: fileOf(example) })),
  }),
)
