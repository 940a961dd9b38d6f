/** Every failure of the configuration file, as one closed union. `explain` says what is wrong and what to do. */
import type { Issue } from '../core/AgentError'
import { explainSystemError } from '../node/SystemError'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** Something wrong in a file: a path of keys and a place. */
export interface Fault extends Issue {
  /** From 1; undefined where no place can be told. */
  readonly line: number | undefined
}

/** A failure with the file of the agents. */
export type ConfigError =
  | { readonly _tag: 'NoFile'; readonly path: string }
  | { readonly _tag: 'Malformed'; readonly path: string; readonly faults: ReadonlyArray<Fault> }
  | { readonly _tag: 'UnknownAgent'; readonly name: string; readonly known: ReadonlyArray<string> }
  | { readonly _tag: 'NoDefault'; readonly known: ReadonlyArray<string> }
  | { readonly _tag: 'Locked'; readonly path: string; readonly owner: string }
  /** A file that commands keep for themselves, but not written by those of this user for this folder. */
  | { readonly _tag: 'Foreign'; readonly path: string }
  | { readonly _tag: 'Unreadable'; readonly path: string; readonly cause: unknown }
  | { readonly _tag: 'Unwritable'; readonly path: string; readonly cause: unknown }

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** There is no such file. */
export const noFile = (path: string): ConfigError => ({ _tag: 'NoFile', path })

/** The file is not valid YAML, or does not match the schema. */
export const malformed = (path: string, faults: ReadonlyArray<Fault>): ConfigError => ({
  _tag: 'Malformed',
  path,
  faults,
})

/** The file has no agent of that name. */
export const unknownAgent = (name: string, known: ReadonlyArray<string>): ConfigError => ({
  _tag: 'UnknownAgent',
  name,
  known,
})

/** No agent was named, and the file has no default. */
export const noDefault = (known: ReadonlyArray<string>): ConfigError => ({ _tag: 'NoDefault', known })

/** Another process has held the lock of the file for too long. */
export const locked = (path: string, owner: string): ConfigError => ({ _tag: 'Locked', path, owner })

/** The file came with the folder, or from elsewhere. */
export const foreign = (path: string): ConfigError => ({ _tag: 'Foreign', path })

/** The file could not be read. */
export const unreadable = (path: string, cause: unknown): ConfigError => ({ _tag: 'Unreadable', path, cause })

/** The file could not be written. */
export const unwritable = (path: string, cause: unknown): ConfigError => ({ _tag: 'Unwritable', path, cause })

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

const faultText =
  (path: string) =>
  (fault: Fault): string =>
    `${path}${fault.line === undefined ? '' : `:${fault.line}`} ${fault.path === '' ? '' : `${fault.path}: `}${fault.message}`

const listed = (known: ReadonlyArray<string>): string => (known.length === 0 ? 'none' : known.join(', '))

/** Every fault of a malformed file, one a line; nothing of other failures. */
export const faultLines = (error: ConfigError): ReadonlyArray<string> =>
  error._tag === 'Malformed' ? error.faults.map(faultText(error.path)) : []

/** A failure in words. */
export interface Explanation {
  readonly message: string
  /** What to do next. */
  readonly next: string
}

/** Explains a failure in one line, and what to do next in another. */
export const explain = (error: ConfigError): Explanation => {
  switch (error._tag) {
    case 'NoFile':
      return {
        message: `${error.path} not found`,
        next: 'run agentcore configure --entrypoint FILE in the folder of the agent',
      }
    case 'Malformed': {
      const [first = { path: '', message: 'invalid file', line: undefined }, ...others] = error.faults
      return {
        message: `${faultText(error.path)(first)}${others.length === 0 ? '' : ` (and ${others.length} more)`}`,
        next: 'fix the file, or remove it and run agentcore configure again',
      }
    }
    case 'UnknownAgent':
      return {
        message: `Unknown agent: ${error.name} (configured: ${listed(error.known)})`,
        next: 'choose one with --agent, or run agentcore configure',
      }
    case 'NoDefault':
      return {
        message: `No default agent (configured: ${listed(error.known)})`,
        next: 'choose one with --agent, or run agentcore configure set-default NAME',
      }
    case 'Locked':
      return {
        message: `${error.path} is locked by ${error.owner}`,
        next: 'try again later, or remove the lock if its owner is gone',
      }
    case 'Foreign':
      return {
        message: `${error.path} was not written by your agentcore commands in this folder; ignored`,
        next: 'remove it and deploy the agent again; if you moved the folder, stop the old runtime manually',
      }
    case 'Unreadable':
      return ofSystem(`Could not read ${error.path}`, error.cause)
    case 'Unwritable':
      return ofSystem(`Could not write ${error.path}`, error.cause)
  }
}

const ofSystem = (what: string, cause: unknown): Explanation => {
  const { message, next } = explainSystemError(cause)
  return { message: `${what}: ${message}`, next: next ?? 'check that you own the file and its folder' }
}

/** What was thrown behind a failure, if anything was. */
export const cause = (error: ConfigError): unknown => ('cause' in error ? error.cause : undefined)
