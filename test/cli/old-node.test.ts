/** What the commands say on a Node.js that is too old to read them. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { transform } from 'esbuild'
import t from 'tap'
import { tsmpirun } from '../helpers/tsmpirun.ts'

const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: Record<string, string> }
const PRETENDED = `data:text/javascript,${encodeURIComponent(
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.19.0' } })",
)}`

for (const [name, path] of Object.entries(bin)) {
  t.test(`${name} says which Node.js it needs`, async (t) => {
    const ended = await tsmpirun(['--import', PRETENDED, resolve(path), '--version'], { program: process.execPath })
    t.equal(ended.code, 2)
    t.equal(ended.stdout, '')
    t.match(
      ended.stderr,
      `${name}: this is Node.js 18.19.0 (${process.execPath}), and tsmpi needs version 20 or later.`,
    )
    t.match((await tsmpirun([resolve(path), '--version'], { program: process.execPath })).stdout, /^\d+\.\d+\.\d+/)
  })

  t.test(`what ${name} begins with can be read by Node.js 12`, async (t) => {
    for (const file of [path, 'dist/runtime/base/oldest-node.js']) {
      const text = readFileSync(file, 'utf8')
      const [old, now] = await Promise.all(['node12.22', 'esnext'].map((target) => transform(text, { target })))
      t.equal(old?.code, now?.code, file)
    }
    const imports = [...readFileSync(path, 'utf8').matchAll(/^import .* from "(.*)"/gm)].map(([, file]) => file)
    t.match(imports, [/base\/oldest-node\.js$/])
  })
}
