/** What a program cannot do as a bundle, told when it is built instead of when it runs. */

/** A note on a place in the source. */
export interface BundleNote {
  readonly file?: string
  readonly text: string
}

/** The notes on a bundle's text, in which every module begins with a comment of its path. */
export const notesOn = (program: string): ReadonlyArray<BundleNote> => {
  const modules = program.split(/^(?:  )?\/\/ (?=\S+\.[cm]?[jt]sx?$)/m)
  return modules.flatMap((module) => {
    const file = /^\S+/.exec(module)?.[0] ?? ''
    const isPackage = /(?:^|\/)node_modules\//.test(file)
    return [...new Set(filesBeside(module, isPackage))].map((path) => ({
      file,
      text: `"${path}" is not in the bundle, whose own folder is where this looks for it. ${isPackage ? keepPackage(file) : shipFile}`,
    }))
  })
}

/** Whether a program has decorators of TypeScript's older kind, which can ask for the types of what they decorate. */
export const decorates = (program: string): boolean => program.includes('__decorateClass(')

/** That the bundler knows no types. */
export const noMetadata: BundleNote = {
  text: "emitDecoratorMetadata has no effect in the bundle: Reflect.getMetadata('design:type', …) is undefined. Pass types to the decorators, or compile with tsc and use its output as the entry point",
}

const shipFile = 'Ship the file beside main.js, or start the worker from a package that stays in node_modules'

const keepPackage = (file: string): string => {
  const name = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? file
  return `Keep the package in node_modules: list "${name}" in "agentcore": { "external": [] } of package.json`
}

/** Workers and other files that a module finds beside itself. Packages often mean a file that they can do without. */
const filesBeside = (module: string, isPackage: boolean): ReadonlyArray<string> =>
  [...module.matchAll(isPackage ? packageWorker : ownFile)].flatMap(({ 1: path, 2: other }) => path ?? other ?? [])

const quoted = String.raw`["'\x60]([^"'\x60\n]+\.[cm]?[jt]s)["'\x60]`
const url = String.raw`new URL\(\s*["'\x60](\.{1,2}\/[^"'\x60\n]+)["'\x60],\s*(?:__agentcore_url|import\.meta\.url)`
const worker = String.raw`new (?:[\w.$]+\.)?\w*Worker\(`

const ownFile = new RegExp(String.raw`${url}|${worker}[^\n]{0,40}?${quoted}`, 'g')
const packageWorker = new RegExp(
  String.raw`${worker}\s*${url}|${worker}[^\n]{0,40}?__dirname[^\n]{0,20}?${quoted}`,
  'g',
)
