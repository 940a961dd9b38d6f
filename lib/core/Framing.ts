/**
 * How a stream reports its failure and its end, for clients whose protocol has events of its own for them.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import { type AgentError, fromUnknown } from './AgentError'
import type { Problem } from './Problem'
import { frame } from './Sse'

/** The events that end a stream; values, or events of `Sse`. */
export interface Framing {
  /**
   * The last events of a stream that failed, instead of `event: error`. `problem` is what the client may know of the
   * failure.
   */
  readonly failure?: (problem: Problem, requestId: string) => ReadonlyArray<unknown>
  /** The last events of a stream that completed; none by default. */
  readonly end?: ReadonlyArray<unknown>
  /**
   * How a failure before the first event is reported: as an error response with its status (`status`, the default), or in
   * the stream, which then always has the status of the reply (`events`).
   */
  readonly early?: 'status' | 'events'
  /** Which failure a thrown value is. By default anything but an `AgentError` is a bare 500. */
  readonly toError?: (thrown: unknown) => AgentError
}

/** The last frames of a stream that completed. Left `Unencodable`. */
export const endFrames = ({ end }: Framing): E.Either<AgentError, string> =>
  end === undefined ? nothing : framesOf(end)

const nothing: E.Either<never, string> = E.right('')

/** The last frames of a stream that failed. Left: what the function threw, or `Unencodable`. */
export const failureFrames =
  (failure: NonNullable<Framing['failure']>) =>
  (problem: Problem, requestId: string): E.Either<AgentError, string> =>
    pipe(
      E.tryCatch(() => failure(problem, requestId), fromUnknown),
      E.chain(framesOf),
    )

const framesOf = (events: ReadonlyArray<unknown>): E.Either<AgentError, string> =>
  pipe(
    events,
    E.traverseArray(frame),
    E.map((frames) => frames.join('')),
  )
