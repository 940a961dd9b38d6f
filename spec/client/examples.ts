/** One failure of every case. A new case does not compile until it stands here. */
import type { ClientError } from '../../lib/client/error/ClientError'

const told = { status: 500, message: 'no', requestId: 'r-1' }

export const examples: { readonly [Tag in ClientError['_tag']]: ClientError & { readonly _tag: Tag } } = {
  InvalidArn: { _tag: 'InvalidArn', arn: 'no', reason: 'no' },
  InvalidRegion: { _tag: 'InvalidRegion', region: 'no' },
  RegionMismatch: { _tag: 'RegionMismatch', region: 'a', arnRegion: 'b' },
  InvalidEndpoint: { _tag: 'InvalidEndpoint', endpoint: 'no', reason: 'no' },
  InvalidQualifier: { _tag: 'InvalidQualifier', qualifier: 'no' },
  InvalidSessionId: { _tag: 'InvalidSessionId', reason: 'no' },
  InvalidExpiry: { _tag: 'InvalidExpiry', expires: 0 },
  InvalidToken: { _tag: 'InvalidToken', reason: 'no' },
  InvalidParameter: { _tag: 'InvalidParameter', name: 'no', reason: 'no' },
  Unencodable: { _tag: 'Unencodable', reason: 'no' },
  NoCredentials: { _tag: 'NoCredentials', tried: ['a', 'b'], reason: 'no' },
  ConnectionFailed: { _tag: 'ConnectionFailed', host: 'h', reason: 'no', isSent: true },
  ConnectTimeout: { _tag: 'ConnectTimeout', host: 'h', after: 1 },
  IdleTimeout: { _tag: 'IdleTimeout', after: 1 },
  Aborted: { _tag: 'Aborted' },
  Truncated: { _tag: 'Truncated' },
  InvalidAnswer: { _tag: 'InvalidAnswer', reason: 'no' },
  ValidationException: { _tag: 'ValidationException', ...told },
  UnauthorizedException: { _tag: 'UnauthorizedException', ...told },
  ServiceQuotaExceededException: { _tag: 'ServiceQuotaExceededException', ...told },
  AccessDeniedException: { _tag: 'AccessDeniedException', ...told },
  ResourceNotFoundException: { _tag: 'ResourceNotFoundException', ...told },
  ConflictException: { _tag: 'ConflictException', ...told },
  RetryableConflictException: { _tag: 'RetryableConflictException', ...told },
  RuntimeClientError: { _tag: 'RuntimeClientError', ...told },
  ThrottlingException: { _tag: 'ThrottlingException', ...told },
  InternalServerException: { _tag: 'InternalServerException', ...told },
  AgentFailure: { _tag: 'AgentFailure', code: 'C', ...told },
  UnexpectedStatus: { _tag: 'UnexpectedStatus', ...told },
  StreamFailure: { _tag: 'StreamFailure', code: 'C', message: 'no' },
  SocketClosed: { _tag: 'SocketClosed', closeCode: 1011, reason: 'no' },
}
