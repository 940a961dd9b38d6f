/** Environments for specs: an agent, who asks, and a clock that stands. */
import * as E from 'fp-ts/Either'
import { newIORef } from 'fp-ts/IORef'
import * as TE from 'fp-ts/TaskEither'
import type { ClientError } from '../../lib/client/error/ClientError'
import type { Auth, Target as AnyTarget } from '../../lib/client/transport/Environment'
import type { SocketEnvironment } from '../../lib/client/socket/AgentSocket'
import * as Target from '../../lib/client/target/Target'
import { right } from '../core/support'
import { arn, keys, target } from './support'

export const moment = Date.UTC(2026, 0, 2, 3, 4, 5)
export const newId = (): string => '0f8fad5b-d9cb-469f-a165-70867728950e'

export const signing: Auth = { _tag: 'SigV4', credentials: TE.right(keys) }
export const bearing = (token: string): Auth => ({ _tag: 'Bearer', token: TE.right(token) })
export const anonymous: Auth = { _tag: 'Anonymous' }

/** An environment whose clock stands, unless it is told otherwise. */
export const environment = (change: Partial<SocketEnvironment> = {}): SocketEnvironment => ({
  target: target(),
  auth: signing,
  now: () => moment,
  skew: newIORef(0)(),
  newId,
  connectTimeout: 5000,
  ...change,
})

/** An agent on a port of this machine, by its URL. */
export const local = (url: string): AnyTarget => right(Target.plain({ url }))

/** A stand-in for AWS on a port of this machine. */
export const standIn = (endpoint: string, qualifier?: string): AnyTarget =>
  right(Target.deployed({ runtimeArn: arn, endpoint, qualifier }))

/** The right of an effect, or a failure of the spec. */
export const rightOf = async <A>(task: TE.TaskEither<ClientError, A>): Promise<A> => {
  const outcome = await task()
  if (E.isLeft(outcome)) throw new Error(JSON.stringify(outcome.left))
  return outcome.right
}

/** The left of an effect, or a failure of the spec. */
export const leftOf = async (task: TE.TaskEither<ClientError, unknown>): Promise<ClientError> => {
  const outcome = await task()
  if (E.isRight(outcome)) throw new Error('it is a right')
  return outcome.left
}
