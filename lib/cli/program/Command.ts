/** A command as data: how it is written and what its help says. Its code is loaded when it runs. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type { ReaderTaskEither } from 'fp-ts/ReaderTaskEither'
import * as TE from 'fp-ts/TaskEither'
import type { Cli, Output } from './Cli'
import { type CliError, unexpected, usage } from './CliError'
import { type Flag, type Flags, type Values, toValues } from './Flag'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A line that can be pasted, and what it does. */
export interface Example {
  readonly line: string
  readonly about: string
}

/** What may stand after the name of a command. */
export interface Argument {
  readonly name: string
  readonly about: string
  readonly isRequired: boolean
  /** Whether it may be a text of several words, which must be quoted. */
  readonly isText?: boolean
}

/** What was written on the command line: the argument, and the flags as they were found. */
export interface CommandInput {
  readonly argument: string | undefined
  readonly raw: (flag: Flag<unknown>) => unknown
}

/** What a command does. */
export type Run<V> = (values: V, argument: string | undefined) => ReaderTaskEither<Cli, CliError, Output>

/** What a command is made of. */
export interface Parts<F extends Flags> {
  readonly name: string
  /** One line, without a full stop. */
  readonly summary: string
  /** What the help says beside; empty if the summary says it all. */
  readonly about?: string
  readonly argument?: Argument
  readonly flags: F
  readonly examples: ReadonlyArray<Example>
  readonly commands?: ReadonlyArray<Command>
  readonly load: () => Promise<{ readonly run: Run<Values<F>> }>
}

/** A command. */
export interface Command extends Omit<Parts<Flags>, 'load'> {
  readonly execute: (path: string, given: CommandInput) => ReaderTaskEither<Cli, CliError, Output>
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** A command of its parts. `path` is how it is called: `agentcore configure`. */
export const command = <F extends Flags>({ load, ...rest }: Parts<F>): Command => ({
  ...rest,
  execute: (path, given) => (cli) =>
    pipe(
      TE.fromEither(
        pipe(
          toValues(rest.flags)(given.raw),
          E.mapLeft((faults) => usage(faults.join('; '), `see ${path} --help`)),
        ),
      ),
      TE.bindTo('values'),
      TE.bind('module', () => TE.tryCatch(load, unexpected)),
      TE.chain(({ values, module }) => module.run(values, given.argument)(cli)),
    ),
})
