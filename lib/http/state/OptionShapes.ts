/** The shapes of the options of an app, for checks at run time. */
import { boolean, either, func, group, object, oneOf, quantity, type Shape, strings } from '../../core/OptionCheck'
import type { LogOptions } from '../log/LogOptions'
import type { Options, SessionOptions, WebSocketOptions } from './Options'

const session: Shape<SessionOptions> = {
  policy: oneOf('generate', 'require'),
  store: object,
  idleTimeout: quantity,
  max: quantity,
  onEvict: func,
}

const websocket: Shape<WebSocketOptions> = {
  maxPayload: quantity,
  maxFragments: quantity,
  highWaterMark: quantity,
  maxQueue: quantity,
  pingInterval: quantity,
  protocols: strings,
}

const log: Shape<LogOptions> = {
  level: oneOf('debug', 'info', 'warn', 'error', 'silent'),
  format: oneOf('json', 'pretty'),
  destination: func,
  redact: strings,
  logger: either(object, func),
}

const allowed = either(strings, oneOf('any'))

/** Those of `createApp`. */
export const appOptions: Shape<Options> = {
  debug: boolean,
  refusals: oneOf('auto', 'status', 'body'),
  maxBody: quantity,
  maxDecompressed: quantity,
  maxRatio: quantity,
  maxDepth: quantity,
  maxNodes: quantity,
  maxBuffered: quantity,
  sendTimeout: quantity,
  upgradeTimeout: quantity,
  deadline: quantity,
  requestTimeout: quantity,
  keepAliveTimeout: quantity,
  stopTimeout: quantity,
  keepAlive: quantity,
  pingTimeout: quantity,
  maxTasks: quantity,
  busyWhileOpen: boolean,
  maxLag: quantity,
  session: group(session),
  websocket: group(websocket),
  log: group(log),
  asyncLocalStorage: either(boolean, object),
  onStart: func,
  onStop: func,
  allowedHosts: allowed,
  allowedOrigins: allowed,
  proxy: boolean,
  clock: object,
  newId: func,
}
