/** What users import as `Handler`: the handlers of invocations, of a session's state and of WebSockets. */
export * from './Handler'
export { cancellable, type Cancelled, stateful, type StatefulSource, statefulGenerator } from './StatefulHandler'
export { type Answer, fromMessages, latest, onMessage, type OnMessage, type SocketHandler } from './SocketHandler'
export type { StateCodec } from './Codec'
