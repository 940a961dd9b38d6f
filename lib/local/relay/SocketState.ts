/**
 * One relayed WebSocket as a state machine, from the client's upgrade request to its end: every event yields the next
 * state and commands. Pure: the interpreter is in `SocketRelay`.
 */

export type SocketState =
  /** The agent has not answered the handshake; the client waits for its own. */
  | 'Opening'
  /** The agent has accepted; the client's handshake is being completed. */
  | 'Accepting'
  /** Messages pass. */
  | 'Joined'
  | 'Over'

export type SocketEvent =
  | 'AgentAccepted'
  /** The agent responded with an HTTP status instead. */
  | 'AgentRefused'
  | 'AgentFailed'
  /** The client's connection closed before it was a WebSocket. */
  | 'CallerLeft'
  | 'CallerAccepted'
  /** The client's handshake is invalid: it has its response already. */
  | 'HandshakeFailed'
  /** The client's WebSocket has closed. */
  | 'CallerClosed'
  /** The session or the runtime stops, or the client exceeds a limit. */
  | 'Ended'

export type SocketCommand =
  | 'AcceptCaller'
  | 'Join'
  /** Rejects the client's upgrade: with the agent's response, or with the reason for its failure. */
  | 'PassRefusal'
  | 'RefuseFailure'
  | 'DropCaller'
  | 'TerminateAgent'
  /** Closes both sides. */
  | 'Close'
  /** Ends the lease. */
  | 'Leave'

/** The next state, and the commands in order. */
export type SocketStep = readonly [state: SocketState, commands: ReadonlyArray<SocketCommand>]

/** The state of a new request. */
export const opening: SocketState = 'Opening'

/** The step of an event. An event that does not apply leaves the state unchanged. */
export const step = (state: SocketState, event: SocketEvent): SocketStep => transitions[state][event] ?? [state, []]

const to = (state: SocketState, ...commands: ReadonlyArray<SocketCommand>): SocketStep => [state, commands]

const transitions: Readonly<Record<SocketState, Readonly<Partial<Record<SocketEvent, SocketStep>>>>> = {
  Opening: {
    AgentAccepted: to('Accepting', 'AcceptCaller'),
    AgentRefused: to('Over', 'Leave', 'PassRefusal'),
    AgentFailed: to('Over', 'Leave', 'RefuseFailure'),
    CallerLeft: to('Over', 'Leave', 'TerminateAgent', 'DropCaller'),
  },
  Accepting: {
    CallerAccepted: to('Joined', 'Join'),
    HandshakeFailed: to('Over', 'TerminateAgent', 'Leave'),
  },
  Joined: {
    CallerClosed: to('Over', 'Leave'),
    Ended: to('Joined', 'Close'),
  },
  Over: {
    AgentAccepted: to('Over', 'TerminateAgent'),
  },
}
