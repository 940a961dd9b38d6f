/**
 * One proxied exchange as a state machine: every event yields the next state and commands. Pure: the interpreter is in
 * `ReverseProxy`. A table of constants, so that an event costs two look-ups and allocates nothing: a stream has a
 * million a second.
 *
 * @since 0.2.0
 */

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

export type ProxyState =
  /** The server has not responded. */
  | 'Waiting'
  /** The client has the head of the response, and receives the body. */
  | 'Passing'
  /** The client has the whole response; the server's message has yet to end. */
  | 'Passed'
  /** The client has another response; that of the server is drained. */
  | 'Replaced'
  /** The client disconnected; the server continues. */
  | 'Unattended'
  | 'Over'

export type ProxyEvent =
  /** The head of the server's response has arrived. What the rules decide about it is one of the next three. */
  | 'HeadReceived'
  | 'HeadPassed'
  | 'HeadReplaced'
  /** The rules, or the caller of the proxy, abort the exchange. */
  | 'Aborted'
  /** A chunk of the response has arrived. Unless the rules abort, one of the next two follows. */
  | 'PartReceived'
  | 'PartPassed'
  | 'LastPartPassed'
  | 'ResponseEnded'
  | 'ServerFailed'
  /** A chunk of the request has arrived. Unless the rules abort, the next one follows. */
  | 'RequestPartReceived'
  | 'RequestPartPassed'
  | 'RequestEnded'
  /** The client disconnected before it had the whole response, and the server continues without it. */
  | 'ClientLeft'
  /** The same, but the server is to stop. */
  | 'ClientCancelled'

export type ProxyCommand =
  /** Asks the rules about the head, a chunk of the response or one of the request. */
  | 'CheckHead'
  | 'CheckPart'
  | 'CheckRequestPart'
  | 'WriteHead'
  /** Responds in place of the server. */
  | 'Replace'
  | 'WritePart'
  /** Writes the last chunk and ends the response. */
  | 'WriteLastPart'
  | 'EndResponse'
  /** Responds for an aborted exchange, and for a failed server. */
  | 'Refuse'
  | 'ReportFailure'
  | 'AbortResponse'
  | 'SendPart'
  | 'EndRequest'
  | 'AbortRequest'
  /** Reads the rest of the server's response, so that the server can finish it. */
  | 'Drain'
  /** Discards a response that arrived too late. */
  | 'DropHead'
  | 'ReportOver'

/** The next state, and the commands in order. */
export type ProxyStep = readonly [state: ProxyState, commands: ReadonlyArray<ProxyCommand>]

// ---------------------------------------------------------------------------------------------------------------------
// transitions
// ---------------------------------------------------------------------------------------------------------------------

/** The step of an event. An event that does not apply leaves the state unchanged. */
export const step = (state: ProxyState, event: ProxyEvent): ProxyStep => transitions[state][event] ?? unchanged[state]

/** The state of a new exchange. */
export const waiting: ProxyState = 'Waiting'

type Transitions = Readonly<Partial<Record<ProxyEvent, ProxyStep>>>

const to = (state: ProxyState, ...commands: ReadonlyArray<ProxyCommand>): ProxyStep => [state, commands]

/** Passes the request on, whatever has become of the response. */
const sending = (state: ProxyState): Transitions => ({
  RequestPartReceived: to(state, 'CheckRequestPart'),
  RequestPartPassed: to(state, 'SendPart'),
  RequestEnded: to(state, 'EndRequest'),
})

const leaving: Transitions = {
  ClientLeft: to('Unattended', 'Drain'),
  ClientCancelled: to('Over', 'AbortRequest', 'ReportOver'),
}

/** Nothing more can be written to the client. */
const silent: Transitions = {
  ResponseEnded: to('Over', 'ReportOver'),
  Aborted: to('Over', 'ReportOver', 'AbortRequest'),
  ServerFailed: to('Over', 'ReportOver'),
}

const transitions: Readonly<Record<ProxyState, Transitions>> = {
  Waiting: {
    ...sending('Waiting'),
    ...leaving,
    HeadReceived: to('Waiting', 'CheckHead'),
    HeadPassed: to('Passing', 'WriteHead'),
    HeadReplaced: to('Replaced', 'Replace'),
    Aborted: to('Over', 'ReportOver', 'AbortRequest', 'Refuse'),
    ServerFailed: to('Over', 'ReportOver', 'ReportFailure'),
  },
  Passing: {
    ...sending('Passing'),
    ...leaving,
    PartReceived: to('Passing', 'CheckPart'),
    PartPassed: to('Passing', 'WritePart'),
    LastPartPassed: to('Passed', 'WriteLastPart'),
    ResponseEnded: to('Over', 'ReportOver', 'EndResponse'),
    Aborted: to('Over', 'ReportOver', 'AbortRequest', 'Refuse'),
    ServerFailed: to('Over', 'ReportOver', 'AbortResponse'),
  },
  Passed: { ...sending('Passed'), ...leaving, ...silent },
  Replaced: { ...sending('Replaced'), ...leaving, ...silent },
  Unattended: { ...sending('Unattended'), ...silent, HeadReceived: to('Unattended', 'CheckHead') },
  Over: { HeadReceived: to('Over', 'DropHead') },
}

const unchanged: Readonly<Record<ProxyState, ProxyStep>> = {
  Waiting: to('Waiting'),
  Passing: to('Passing'),
  Passed: to('Passed'),
  Replaced: to('Replaced'),
  Unattended: to('Unattended'),
  Over: to('Over'),
}
