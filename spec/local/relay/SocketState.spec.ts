import * as fc from 'fast-check'
import {
  opening,
  type SocketCommand,
  type SocketEvent,
  type SocketState,
  step,
} from '../../../lib/local/relay/SocketState'

const events: ReadonlyArray<SocketEvent> = [
  'AgentAccepted',
  'AgentRefused',
  'AgentFailed',
  'CallerLeft',
  'CallerAccepted',
  'HandshakeFailed',
  'CallerClosed',
  'Ended',
]

interface Run {
  readonly state: SocketState
  readonly commands: ReadonlyArray<SocketCommand>
}

const run = (sequence: ReadonlyArray<SocketEvent>): Run =>
  sequence.reduce<Run>(
    ({ state, commands }, event) => {
      const [next, more] = step(state, event)
      return { state: next, commands: [...commands, ...more] }
    },
    { state: opening, commands: [] },
  )

const count = ({ commands }: Run, ...which: ReadonlyArray<SocketCommand>): number =>
  commands.filter((command) => which.includes(command)).length

const law = (title: string, holds: (taken: Run) => void): void =>
  it(title, () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 12 }), (sequence) => holds(run(sequence))),
      { numRuns: 1000 },
    )
  })

describe('a relayed WebSocket', () => {
  law('ends its lease exactly once, when it is over', (taken) => {
    expect(count(taken, 'Leave')).toBe(taken.state === 'Over' ? 1 : 0)
  })

  law('gives the client one outcome at most: a WebSocket, a rejection or a closed connection', (taken) => {
    expect(count(taken, 'AcceptCaller', 'PassRefusal', 'RefuseFailure', 'DropCaller')).toBeLessThanOrEqual(1)
  })

  law('joins only what it has accepted, once, and closes only what it has joined', (taken) => {
    const { commands } = taken
    expect(count(taken, 'Join')).toBeLessThanOrEqual(count(taken, 'AcceptCaller'))
    const closes = commands.indexOf('Close')
    if (closes >= 0) expect(commands.indexOf('Join')).toBeGreaterThanOrEqual(0)
    if (closes >= 0) expect(commands.indexOf('Join')).toBeLessThan(closes)
  })

  it('terminates an agent that accepts when there is no client any more', () => {
    expect(run(['CallerLeft', 'AgentAccepted']).commands.slice(-1)).toEqual(['TerminateAgent'])
    expect(run(['AgentAccepted', 'HandshakeFailed']).commands).toContain('TerminateAgent')
  })
})
