/** What users import as `Handler`: the handlers of invocations, of a session's state and of WebSockets. */
export * from './Handler'
export * from './StatefulHandler'
export { type Answer, fromMessages, latest, onMessage, type OnMessage, type SocketHandler } from './SocketHandler'
