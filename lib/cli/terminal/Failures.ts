/** Converts build and engine failures to failures of a command. */
import * as Build from '../bundler/BuildError'
import type { Cli } from '../program/Cli'
import { type CliError, failed, toCode } from '../program/CliError'
import * as Engine from '../container/EngineError'
import { printLine } from './Progress'

/** Compiler errors are shown whatever the flags: nobody can fix the source without them. */
const failure = (cli: Cli, tag: string, { message, details }: Build.Explanation, isShown: boolean): CliError => {
  if (isShown) printLine(details.join('\n'))(cli)
  return failed(toCode(tag), message, '', { details })
}

/** A failed build. */
export const fromBuild =
  (cli: Cli) =>
  (error: Build.BuildError): CliError => {
    const isShown = (error._tag === 'TypeErrors' || error._tag === 'SourceErrors') && !cli.isVerbose
    return failure(cli, error._tag, Build.explain(error), isShown)
  }

/** An engine that cannot be used, or an image that cannot be built. */
export const fromEngine =
  (cli: Cli) =>
  (error: Engine.EngineError): CliError => {
    const isShown = error._tag === 'ImageFailed' && !cli.isVerbose
    return failure(cli, error._tag, Engine.explain(error), isShown)
  }
