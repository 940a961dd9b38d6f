/** Who may call the data plane: a capability, so that the runtime knows of tokens and signatures no more than their verdict. */
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'

/** What a verdict is made of. */
export interface RequestParts {
  readonly method: string
  /** Path and query as they came. */
  readonly target: string
  /** As they came: name, value, name, value, … */
  readonly rawHeaders: ReadonlyArray<string>
  readonly isForSocket: boolean
  /** The whole body: a signature covers it. It is read only where it is asked for. Rejects where it cannot be read. */
  readonly body: Task<Uint8Array>
}

/** A caller that may call. Of a JWT's caller the agent may see the `Authorization` header. */
export interface Granted {
  readonly scheme: 'none' | 'sigv4' | 'jwt'
}

/** A caller that may not. */
export type Refusal =
  | { readonly _tag: 'Unauthorized'; readonly message: string }
  | { readonly _tag: 'AccessDenied'; readonly message: string }

/** The verdict on a request. */
export type Authorize = (request: RequestParts) => TaskEither<Refusal, Granted>
