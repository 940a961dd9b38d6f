/**
 * Validates values that claim to be an `AgentError`: user code may copy one, change its fields or make its own, and
 * every fold over the union relies on the fields.
 *
 * @since 0.2.0
 */

type Kind = 'string' | 'number' | 'list' | 'anything'

/** The fields of a case, by name. */
export type Shape = Readonly<Record<string, Kind>>

const nothing = {} as const
const message = { message: 'string' } as const
const reason = { reason: 'string' } as const
const issues = { issues: 'list' } as const
const limit = { limit: 'number' } as const
const cause = { cause: 'anything' } as const

/** The fields of each case. */
export const fields = {
  BadRequest: message,
  InvalidJson: reason,
  InvalidEncoding: reason,
  InvalidPayload: issues,
  InvalidSessionId: nothing,
  MissingSessionId: nothing,
  UnknownAction: { action: 'string' },
  Unauthorized: { message: 'string', challenge: 'string' },
  AwsRefused: { name: 'string', message: 'string' },
  ForbiddenHost: { host: 'string' },
  ForbiddenOrigin: { origin: 'anything' },
  ForbiddenCaller: nothing,
  NotFound: message,
  MethodNotAllowed: { allow: 'string' },
  NotAcceptable: nothing,
  RequestTimeout: nothing,
  PayloadTooLarge: limit,
  UnsupportedMediaType: { encoding: 'string' },
  UpgradeRequired: nothing,
  HeadersTooLarge: nothing,
  Interrupted: nothing,
  Cancelled: nothing,
  Rejected: { status: 'number', message: 'string' },
  Unexpected: cause,
  Unencodable: reason,
  InvalidState: issues,
  NoEntrypoint: nothing,
  StoreFailed: cause,
  TooManySessions: limit,
  TooManyTasks: limit,
  Overloaded: { retryAfter: 'number' },
  Stopping: nothing,
  AuthorizerUnavailable: { cause: 'anything', retryAfter: 'number' },
  ContextTooLong: cause,
  BudgetExceeded: cause,
  ModelFailed: cause,
  ModelThrottled: { cause: 'anything', retryAfter: 'number' },
  DeadlineExceeded: nothing,
  InvalidMessage: issues,
  MessageTooLarge: limit,
  SocketClosed: { closeCode: 'number' },
} as const satisfies Readonly<Record<string, Shape>>

const toIs = (kind: Kind, value: unknown): boolean => {
  switch (kind) {
    case 'anything':
      return true
    case 'list':
      return Array.isArray(value)
    case 'string':
    case 'number':
      return typeof value === kind
  }
}

/** Whether a value has a tag of the union and the fields of its case. Throws if one of its getters does. */
export const isWellFormed =
  (shapes: Readonly<Record<string, Shape>>) =>
  (value: Readonly<Record<PropertyKey, unknown>>): boolean => {
    const tag = value['_tag']
    const shape = typeof tag === 'string' && Object.hasOwn(shapes, tag) ? shapes[tag] : undefined
    return shape !== undefined && Object.entries(shape).every(([name, kind]) => toIs(kind, value[name]))
  }
