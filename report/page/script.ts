/** The page's script: browser/main.ts with all that it imports, as one text. Layer below: esbuild. */
import { fileURLToPath } from 'node:url'

/** Bundles the script, from the sources or from what they were compiled to. */
export async function pageScript(): Promise<string> {
  const { build } = await import('esbuild')
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const entry = fileURLToPath(new URL(`../browser/main.${extension}`, import.meta.url))
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    charset: 'ascii',
    legalComments: 'none',
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}
