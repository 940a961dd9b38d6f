/** The effects of a command as one value, so that specs can replace them: streams, environment, clock, processes. */
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { IO } from 'fp-ts/IO'
import type { CliError } from './CliError'
import { fillProse } from './layout/Fill'
import { type Style, toStyle } from './Style'

/** What can be read. */
export interface Source {
  readonly isTTY: boolean
  readonly stream: Readable
}

/** What can be written to. */
export interface Sink {
  readonly isTTY: boolean
  readonly columns: number
  /** Resolves when it is written: a slow reader slows the writer. */
  readonly write: (data: string | Uint8Array) => Promise<void>
}

/** The world. */
export interface World {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: Source
  readonly stdout: Sink
  readonly stderr: Sink
  /** Milliseconds since the epoch. */
  readonly now: IO<number>
  readonly newId: IO<string>
  /** Starts a process; never through a shell. */
  readonly spawn: (command: string, args: ReadonlyArray<string>, options: SpawnOptions) => ChildProcess
  /** Calls the listener instead of ending the process when the user or the system asks to; gives what undoes that. */
  readonly onSignal: (listener: (signal: NodeJS.Signals) => void) => IO<void>
  /** Calls the listener for each key pressed in the terminal, which shows none then; gives what undoes that. */
  readonly onKey: (listener: (key: string) => void) => IO<void>
  /** For commands that serve: from now on they go on when whoever reads their output has left. */
  readonly outliveOutput: IO<void>
}

/** The world of one command, with what holds for every command. */
export interface Cli extends World {
  /** `--json`: one document on stdout, everything else on stderr. */
  readonly isJson: boolean
  /** `--verbose`. */
  readonly isVerbose: boolean
}

/** What a command gives in the end. */
export interface Output {
  /** The document of `--json`; undefined if all was told already. */
  readonly json: unknown
  /** What a person is told; empty if all was told already. */
  readonly text: (style: Style) => string
  /** What is wrong all the same: told after the rest, and the exit code is its. */
  readonly failure?: CliError
}

/** The style of a stream. */
export const styled = (world: World, sink: 'stdout' | 'stderr'): Style => toStyle(world.env, world[sink].isTTY)

/** Prose for stderr: a terminal breaks its lines between words, anything else gets it as it is. */
export const toLines = ({ stderr }: World, prose: string): string =>
  `${fillProse(stderr.isTTY ? stderr.columns : undefined, prose)}\n`

/** Writes a message that is not a result, such as progress, to stderr. */
export const note =
  (text: (style: Style) => string) =>
  (world: World): Promise<void> =>
    world.stderr.write(toLines(world, text(styled(world, 'stderr'))))

/** Whether a person can be asked: both ends are terminals. */
export const canAsk = (cli: Cli): boolean => cli.stdin.isTTY && cli.stdout.isTTY && !cli.isJson
