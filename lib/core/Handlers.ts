/** What users import as `Handler`: the handlers of invocations, of a session's state and of WebSockets. */
export {
  type Entry,
  fromAsync,
  fromGenerator,
  fromReader,
  fromSync,
  type Handler,
  type Streaming,
  toEntry,
} from './Handler'
export { fromHandler as uiMessages } from './UiMessages'
export { cancellable, type Cancelled, stateful, type StatefulSource, statefulGenerator } from './StatefulHandler'
export { type Answer, fromMessages, latest, onMessage, type OnMessage, type SocketHandler } from './SocketHandler'
export type { StateCodec } from './Codec'
