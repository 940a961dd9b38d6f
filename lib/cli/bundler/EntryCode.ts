/**
 * What an entry point is: a program that serves the agent itself, by `app.run()`, or a module that only exports one. The
 * latter gets a program around it. Nothing runs twice: which of the two it is, is read in the source, and the program
 * asks the app besides whether it has been told to serve.
 */

/** How the entry point becomes a program. */
export type Entry =
  | { readonly _tag: 'Program' } // it serves itself, and is bundled as it is
  | { readonly _tag: 'Module' } // it only exports an app or an agent

/** Comments and what stands in quotes do not count; a template keeps its place. */
const bare = (source: string): string =>
  source.replace(/\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|\/\/[^\n]*/g, ' ')

const all = (pattern: RegExp, text: string): ReadonlyArray<string> =>
  [...text.matchAll(pattern)].flatMap(([, name]) => (name === undefined ? [] : [name]))

/** The names that stand for an app in a source: `app`, what `createApp` made, what is the default export. */
const appsIn = (text: string): ReadonlySet<string> =>
  new Set([
    'app',
    ...all(/([\w$]+)\s*(?::[^=;]+)?=\s*(?:[\w$]+\s*\.\s*)?createApp\b/g, text),
    ...all(/export\s+default\s+([\w$]+)/g, text),
  ])

/**
 * How the entry point with this source becomes a program. It serves itself if it calls `listen` of anything, or `run` of
 * an app: `app.run()`, `createApp(agent).run()`. The `run` of a database is no reason.
 */
export const toEntry = (source: string): Entry => {
  const text = bare(source)
  const apps = appsIn(text)
  const runs = all(/([\w$]+|\))\s*(?:\?\.|\.)\s*run\s*\(/g, text).some((of) => of === ')' || apps.has(of))
  return runs || /\.\s*listen\s*\(/.test(text) ? { _tag: 'Program' } : { _tag: 'Module' }
}

/** The mark that an app carries once it has been told to serve. `App` sets it. */
export const servedMark = 'agentcore-fp/served'

/**
 * The program around a module: serves what is exported as `app` or by default, an app or an agent, unless that serves
 * already. `createApp` comes from the agent's own installation, where it has one.
 */
export const programAround = (specifier: string, hasRuntime: boolean): string =>
  [
    `import * as exported from ${JSON.stringify(specifier)}`,
    hasRuntime ? `import { createApp } from 'agentcore-fp'` : '',
    `const inner = exported.default
const found = exported.app ?? inner?.app ?? inner?.default ?? inner
const isApp = (value) => typeof value?.run === 'function'
const isAgent = (value) => typeof value === 'function' && typeof value.spec === 'object'
const served = Symbol.for(${JSON.stringify(servedMark)})
setImmediate(() => {`,
    hasRuntime ? `  const app = isAgent(found) ? createApp(found) : found` : `  const app = found`,
    `  if (isApp(app)) {
    if (app[served] !== true) void app.run()
  } else if (isAgent(found)) {
    console.error('The entry point exports an agent, but agentcore-fp is not installed in the project')
    process.exitCode = 1
  } else if (!process.getActiveResourcesInfo().includes('TCPServerWrap')) {
    console.error('The entry point neither starts a server nor exports an app: call app.run(), or export the app as app or as the default export')
  }
})`,
  ]
    .filter((line) => line !== '')
    .join('\n')
