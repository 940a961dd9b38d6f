/** Why a program could not be built from an agent's source. */
import { explainSystemError } from '../../node/SystemError'

/** A place in a source, and what a compiler says of it, in the compiler's words. */
export interface Diagnostic {
  /** As the compiler writes it, from the project's folder; absent where it speaks of no file. */
  readonly file?: string
  readonly line?: number
  readonly column?: number
  /** The line that is meant. */
  readonly lineText?: string
  readonly text: string
}

export type BuildError =
  | { readonly _tag: 'NoEntry'; readonly path: string }
  | { readonly _tag: 'NoBundler'; readonly cause: unknown }
  | { readonly _tag: 'TypeErrors'; readonly found: ReadonlyArray<Diagnostic> }
  | {
      readonly _tag: 'SourceErrors'
      readonly found: ReadonlyArray<Diagnostic>
      /** The files that the build read, or looked for in vain. */
      readonly inputs: ReadonlyArray<string>
    }
  | { readonly _tag: 'BuildFailed'; readonly step: string; readonly cause: unknown }

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

export const noEntry = (path: string): BuildError => ({ _tag: 'NoEntry', path })
export const noBundler = (cause: unknown): BuildError => ({ _tag: 'NoBundler', cause })
export const typeErrors = (found: ReadonlyArray<Diagnostic>): BuildError => ({ _tag: 'TypeErrors', found })
export const sourceErrors = (found: ReadonlyArray<Diagnostic>, inputs: ReadonlyArray<string>): BuildError => ({
  _tag: 'SourceErrors',
  found,
  inputs,
})
export const buildFailed =
  (step: string) =>
  (cause: unknown): BuildError => ({ _tag: 'BuildFailed', step, cause })

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** A diagnostic as `file:line:column: text`, which terminals and editors make a link of. */
export const formatDiagnostic = ({ file, line, column, text }: Diagnostic): string =>
  [file, line, column]
    .filter((part) => part !== undefined)
    .map((part) => `${part}:`)
    .join('')
    .concat(file === undefined ? text : ` ${text}`)

/** A diagnostic, and below it the line that it means with a mark at the place. */
export const formatWithSource = (diagnostic: Diagnostic): ReadonlyArray<string> => {
  const { lineText, column } = diagnostic
  if (lineText === undefined || column === undefined) return [formatDiagnostic(diagnostic)]
  const indent = lineText.slice(0, column - 1).replace(/[^\t]/g, ' ')
  return [formatDiagnostic(diagnostic), `    ${lineText}`, `    ${indent}^`]
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

/** A failure in words. */
export interface Explanation {
  /** What happened and what to do next, in one line. */
  readonly message: string
  /** The output of the compiler or bundler, line by line. */
  readonly details: ReadonlyArray<string>
}

/** Explains a failure in one line, with the output that belongs to it. */
export const explain = (error: BuildError): Explanation => ({ message: toMessage(error), details: toDetails(error) })

const toMessage = (error: BuildError): string => {
  switch (error._tag) {
    case 'NoEntry':
      return `Entry point not found: ${error.path}. Set it with agentcore configure --entrypoint`
    case 'NoBundler':
      return 'Could not load esbuild, which bundles the agent. Install it: npm install --save-dev esbuild'
    case 'TypeErrors':
      return `The agent does not type-check (${count(error.found.length, 'error')}): fix the errors that the compiler reports`
    case 'SourceErrors':
      return `The agent could not be bundled (${count(error.found.length, 'error')}): fix the errors that esbuild reports`
    case 'BuildFailed':
      return `The build failed while ${error.step}: ${explainSystemError(error.cause).message}`
  }
}

const toDetails = (error: BuildError): ReadonlyArray<string> => {
  switch (error._tag) {
    case 'TypeErrors':
    case 'SourceErrors':
      return error.found.flatMap(formatWithSource)
    case 'NoBundler':
    case 'BuildFailed':
      return error.cause instanceof Error && error.cause.stack !== undefined ? error.cause.stack.split('\n') : []
    case 'NoEntry':
      return []
  }
}
