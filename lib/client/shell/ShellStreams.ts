/**
 * A shell joined to streams, as a terminal's are.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { ClientError } from '../error/ClientError'
import type { Output, Shell } from './Shell'
import { shown } from '../error/HeaderText'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** What bytes can be written to, as Node's streams can be. */
export interface Sink {
  readonly write: (data: Uint8Array, done: (error?: Error | null) => void) => unknown
}

/** Where a shell's input comes from, and where its output goes; a slow sink slows the shell. */
export interface Streams {
  readonly stdin?: AsyncIterable<string | Uint8Array>
  readonly stdout: Sink
  readonly stderr: Sink
}

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

const failed =
  (name: string) =>
  (cause: unknown): ClientError => ({
    ...{ _tag: 'InvalidParameter', name },
    reason: `its stream failed: ${cause instanceof Error ? shown(cause.message) : 'for no given reason'}`,
  })

const written = (sink: Sink, data: Uint8Array): TE.TaskEither<ClientError, void> =>
  TE.tryCatch(
    () => new Promise((resolve, reject) => sink.write(data, (error) => (error ? reject(error) : resolve()))),
    failed('The output'),
  )

/** Writes all of the input, as long as it can be written: why it cannot be is what the output ends with. */
const pumped = (self: Shell, stdin: Streams['stdin']): TE.TaskEither<ClientError, void> =>
  TE.tryCatch(async () => {
    for await (const data of stdin ?? []) if (E.isLeft(await self.write(data)())) return
  }, failed('The input'))

/**
 * Attaches a shell to streams until it ends, and returns the exit code, if the service reports one. Input is written as it
 * arrives; its end does not end the shell. Left: those of `receive`, and `InvalidParameter` if a stream fails.
 *
 * @example
 * ```ts
 * import { attach, createClient, shell } from 'agentcore-fp/client'
 * import { pipe, TE } from 'agentcore-fp/fp'
 *
 * const client = createClient({ runtimeArn: 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-a1b2c3d4e5' })
 *
 * export const exitCode = pipe(shell()(client.environment), TE.chain(attach(process)))
 * ```
 */
export const attach =
  ({ stdin, stdout, stderr }: Streams) =>
  (self: Shell): TE.TaskEither<ClientError, O.Option<number>> =>
  async () => {
    let failure: ClientError | undefined
    void pumped(self, stdin)().then((outcome) => {
      if (E.isRight(outcome)) return
      failure = outcome.left
      self.leave()
    })
    const write = (output: Output): TE.TaskEither<ClientError, void> =>
      output._tag === 'Status' ? TE.right(undefined) : written(output._tag === 'Stdout' ? stdout : stderr, output.data)
    let exitCode: O.Option<number> = O.none
    for (;;) {
      const received = await self.receive()
      if (E.isLeft(received)) return received
      if (O.isNone(received.right)) return failure === undefined ? E.right(exitCode) : E.left(failure)
      const output = received.right.value
      if (output._tag === 'Status' && O.isSome(output.status.exitCode)) exitCode = output.status.exitCode
      const done = await write(output)()
      if (E.isLeft(done)) return done
    }
  }
