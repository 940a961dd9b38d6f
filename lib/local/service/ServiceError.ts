/**
 * Errors that the data plane itself responds with, as one closed union. `answer` maps each to a status, an
 * `x-amzn-ErrorType` and a body. Where the service discloses no cause, `hint` does: in a header of the local runtime,
 * so that the body stays what AWS sends.
 */

import { localFailure } from '../../core/Protocol'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A request field that violates a constraint. */
export interface Field {
  readonly name: string
  readonly message: string
}

/** An error of the data plane. */
export type ServiceError =
  | { readonly _tag: 'Unreadable'; readonly message: string }
  | { readonly _tag: 'InvalidField'; readonly field: Field }
  | { readonly _tag: 'PayloadTooLarge'; readonly limit: number }
  | { readonly _tag: 'Unauthorized'; readonly message: string; readonly challenge?: string }
  | { readonly _tag: 'AccessDenied'; readonly message: string }
  | { readonly _tag: 'NotFound'; readonly message: string }
  | { readonly _tag: 'UnknownOperation'; readonly message: string }
  | { readonly _tag: 'InTransition' }
  | { readonly _tag: 'QuotaExceeded'; readonly message: string }
  | { readonly _tag: 'Throttled'; readonly message: string }
  | { readonly _tag: 'AgentFailed'; readonly status: number; readonly hint: Hint }
  | { readonly _tag: 'NotReady'; readonly hint: Hint }
  | { readonly _tag: 'Internal'; readonly message: string }

/** Diagnostics for the developer when the agent fails: the cause, and the log file of its output, if any. */
export interface Hint {
  readonly why: string
  readonly log?: string
  /** The start of the agent's own response, as the value of a header. */
  readonly answer?: string
}

/** An error as an HTTP response. */
export interface ErrorAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** 400: the request cannot be parsed. */
export const unreadable = (message: string): ServiceError => ({ _tag: 'Unreadable', message })

/** 400: a field of the request violates its constraint. */
export const invalidField = (name: string, message: string): ServiceError => ({
  _tag: 'InvalidField',
  field: { name, message },
})

export const payloadTooLarge = (limit: number): ServiceError => ({ _tag: 'PayloadTooLarge', limit })

/** 401: the caller is not authenticated; `challenge` is the value of `WWW-Authenticate`. */
export const unauthorized = (message: string, challenge?: string): ServiceError => ({
  _tag: 'Unauthorized',
  message,
  ...(challenge === undefined ? {} : { challenge }),
})

/** 403: the caller is not authorized. */
export const accessDenied = (message: string): ServiceError => ({ _tag: 'AccessDenied', message })

/** 404: unknown runtime, endpoint or session. */
export const notFound = (message: string): ServiceError => ({ _tag: 'NotFound', message })

/** 404: unknown operation. */
export const unknownOperation = (message: string): ServiceError => ({ _tag: 'UnknownOperation', message })

/** 409: the session is starting or stopping; the client should retry. */
export const inTransition: ServiceError = { _tag: 'InTransition' }

export const quotaExceeded = (message: string): ServiceError => ({ _tag: 'QuotaExceeded', message })

export const throttled = (message: string): ServiceError => ({ _tag: 'Throttled', message })

/** 424: the agent responded with this status, or failed in a way that maps to it. */
export const agentFailed = (status: number, hint: Hint): ServiceError => ({ _tag: 'AgentFailed', status, hint })

/** 424: the agent did not respond to `/ping` in time. */
export const notReady = (hint: Hint): ServiceError => ({ _tag: 'NotReady', hint })

export const internal = (message: string): ServiceError => ({ _tag: 'Internal', message })

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

const typed = (status: number, type: string, body: object, headers: Readonly<Record<string, string>> = {}) => ({
  status,
  headers: { 'content-type': 'application/json', 'x-amzn-errortype': type, ...headers },
  body: JSON.stringify(body),
})

const inHeader = (text: string): string => text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 500)

const hints = ({ why, log, answer: own }: Hint): Readonly<Record<string, string>> => ({
  [localFailure.reason]: inHeader(why),
  ...(log === undefined ? {} : { [localFailure.log]: inHeader(log) }),
  ...(own === undefined ? {} : { [localFailure.answer]: own }),
})

const fromRuntime = (message: string, hint: Hint): ErrorAnswer =>
  typed(424, 'RuntimeClientError', { message }, hints(hint))

const invalid = ({ name, message }: Field): string =>
  `1 validation error detected: Value at '${name}' failed to satisfy constraint: ${message}`

/** The HTTP response for an error. */
export const answer = (error: ServiceError): ErrorAnswer => {
  switch (error._tag) {
    case 'Unreadable':
      return typed(400, 'ValidationException', { message: error.message, reason: 'CannotParse', fieldList: [] })
    case 'InvalidField': {
      const { field } = error
      const body = { message: invalid(field), reason: 'FieldValidationFailed', fieldList: [field] }
      return typed(400, 'ValidationException', body)
    }
    case 'PayloadTooLarge': {
      const field = { name: 'payload', message: `Member must have length less than or equal to ${error.limit}` }
      const body = { message: invalid(field), reason: 'FieldValidationFailed', fieldList: [field] }
      return typed(413, 'ValidationException', body)
    }
    case 'Unauthorized': {
      const challenge = error.challenge === undefined ? {} : { 'www-authenticate': error.challenge }
      return typed(401, 'UnauthorizedException', { message: error.message }, challenge)
    }
    case 'AccessDenied':
      return typed(403, 'AccessDeniedException', { message: error.message })
    case 'NotFound':
      return typed(404, 'ResourceNotFoundException', { message: error.message })
    case 'UnknownOperation':
      return typed(404, 'UnknownOperationException', { message: error.message })
    case 'InTransition':
      return typed(409, 'RetryableConflictException', { message: 'Session operation in progress, please retry' })
    case 'QuotaExceeded':
      return typed(402, 'ServiceQuotaExceededException', { message: error.message })
    case 'Throttled':
      return typed(429, 'ThrottlingException', { message: error.message })
    case 'AgentFailed':
      return fromRuntime(
        `Received error (${error.status}) from runtime. Please check your CloudWatch logs for more information.`,
        error.hint,
      )
    case 'NotReady':
      return fromRuntime('Runtime initialization time exceeded', error.hint)
    case 'Internal':
      return typed(500, 'InternalServerException', { message: error.message })
  }
}
