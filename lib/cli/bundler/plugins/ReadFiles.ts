/** The files that a failed build depends on: those that it read, and those that it looked for in vain. */
import { dirname, resolve } from 'node:path'
import type { Message, Plugin } from 'esbuild'
import { unresolvedSpecifier } from './OptionalPackages'

/** Records what a build reads. esbuild says so itself only of a build that succeeds. */
export interface FileReads {
  readonly plugin: Plugin
  readonly paths: ReadonlySet<string>
}

/** Nothing was read yet. The plugin must be the first. */
export const fileReads = (): FileReads => {
  const paths = new Set<string>()
  return {
    paths,
    plugin: {
      name: 'agentcore-reads',
      setup: (build) => {
        build.onLoad({ filter: /.*/, namespace: 'file' }, ({ path }) => {
          paths.add(path)
          return undefined
        })
      },
    },
  }
}

/** What a path without an ending may mean to esbuild. */
const endings = ['', '.tsx', '.ts', '.jsx', '.js', '.json', '/index.ts', '/index.js']

/** The files that imports by path would find, were they there. */
export const missingFiles = (errors: ReadonlyArray<Message>, project: string): ReadonlyArray<string> =>
  errors.flatMap(({ text, location }) => {
    const specifier = unresolvedSpecifier(text)
    if (specifier === undefined || location === null || !/^\.{0,2}\//.test(specifier)) return []
    const path = resolve(project, dirname(location.file), specifier)
    const source = path.replace(/\.([cm]?)js(x?)$/, '.$1ts$2') // `./a.js` may mean `a.ts`
    return [...endings.map((ending) => path + ending), ...(source === path ? [] : [source])]
  })
