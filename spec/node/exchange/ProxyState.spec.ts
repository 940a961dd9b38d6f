import * as fc from 'fast-check'
import {
  type ProxyCommand,
  type ProxyEvent,
  type ProxyState,
  step,
  waiting,
} from '../../../lib/node/exchange/ProxyState'

const events: ReadonlyArray<ProxyEvent> = [
  'HeadReceived',
  'HeadPassed',
  'HeadReplaced',
  'Aborted',
  'PartReceived',
  'PartPassed',
  'LastPartPassed',
  'ResponseEnded',
  'ServerFailed',
  'RequestPartReceived',
  'RequestPartPassed',
  'RequestEnded',
  'ClientLeft',
  'ClientCancelled',
]

/** An event, the state in which it found the exchange, and what followed. */
interface Taken {
  readonly event: ProxyEvent
  readonly from: ProxyState
  readonly to: ProxyState
  readonly commands: ReadonlyArray<ProxyCommand>
}

/** The steps of a sequence of events, which need not be one that HTTP allows. */
const run = (sequence: ReadonlyArray<ProxyEvent>): ReadonlyArray<Taken> => {
  let from = waiting
  return sequence.map((event) => {
    const [to, commands] = step(from, event)
    const taken = { event, from, to, commands }
    from = to
    return taken
  })
}

const commandsOf = (steps: ReadonlyArray<Taken>): ReadonlyArray<ProxyCommand> =>
  steps.flatMap(({ commands }) => commands)

const count = (commands: ReadonlyArray<ProxyCommand>, ...which: ReadonlyArray<ProxyCommand>): number =>
  commands.filter((command) => which.includes(command)).length

/** The commands after the first of the given ones. */
const after = (
  commands: ReadonlyArray<ProxyCommand>,
  ...which: ReadonlyArray<ProxyCommand>
): ReadonlyArray<ProxyCommand> => {
  const at = commands.findIndex((command) => which.includes(command))
  return at < 0 ? [] : commands.slice(at + 1)
}

const writes: ReadonlyArray<ProxyCommand> = ['WriteHead', 'WritePart', 'WriteLastPart', 'EndResponse']

const responds: ReadonlyArray<ProxyCommand> = [...writes, 'Replace', 'Refuse', 'ReportFailure', 'AbortResponse']

const law = (title: string, holds: (steps: ReadonlyArray<Taken>) => void): void =>
  it(title, () => {
    const sequences = fc.array(fc.constantFrom(...events), { maxLength: 30 })
    fc.assert(
      fc.property(sequences, (sequence) => holds(run(sequence))),
      { numRuns: 1000 },
    )
  })

describe('a proxied exchange', () => {
  law('reports its end exactly once, when it is over', (steps) => {
    expect(count(commandsOf(steps), 'ReportOver')).toBe(steps.at(-1)?.to === 'Over' ? 1 : 0)
  })

  law('does nothing once it is over, but for dropping a late response', (steps) => {
    const late = steps.filter(({ from }) => from === 'Over')
    expect(late.every(({ to }) => to === 'Over')).toBe(true)
    expect(commandsOf(late).filter((command) => command !== 'DropHead')).toEqual([])
  })

  law('gives the client one head at most: of the server, of the rules, or that of a failure before it', (steps) => {
    expect(count(commandsOf(steps), 'WriteHead', 'Replace', 'ReportFailure')).toBeLessThanOrEqual(1)
  })

  law('writes only behind a head, and nothing behind the end', (steps) => {
    const commands = commandsOf(steps)
    const parts = count(commands, 'WritePart', 'WriteLastPart', 'EndResponse')
    expect(count(after(commands, 'WriteHead'), 'WritePart', 'WriteLastPart', 'EndResponse')).toBe(parts)
    expect(count(after(commands, 'WriteLastPart', 'EndResponse'), ...responds)).toBe(0)
  })

  law('writes nothing of the server behind a response of the rules', (steps) => {
    expect(count(after(commandsOf(steps), 'Replace', 'Refuse', 'ReportFailure'), ...responds)).toBe(0)
  })

  law('refuses at most once, and not what the client has whole', (steps) => {
    const commands = commandsOf(steps)
    expect(count(commands, 'Refuse')).toBeLessThanOrEqual(1)
    expect(count(after(commands, 'WriteLastPart', 'Replace'), 'Refuse')).toBe(0)
  })

  law('writes nothing for a client that left', (steps) => {
    const at = steps.findIndex(({ event }) => event === 'ClientLeft' || event === 'ClientCancelled')
    expect(at < 0 ? 0 : count(commandsOf(steps.slice(at)), ...responds)).toBe(0)
  })

  law('stops the server when the client cancels or the rules abort, and otherwise lets it finish', (steps) => {
    for (const { event, from, commands } of steps) {
      const stops = event === 'ClientCancelled' || event === 'Aborted'
      const wasLeft = event === 'ClientCancelled' && from === 'Unattended' // it cannot leave twice
      expect(commands.includes('AbortRequest')).toBe(stops && from !== 'Over' && !wasLeft)
    }
  })

  law('passes the request on until it is over, whatever becomes of the response', (steps) => {
    for (const { event, from, to, commands } of steps) {
      if (!event.startsWith('Request')) continue
      expect(to).toBe(from)
      expect(commands).toHaveLength(from === 'Over' ? 0 : 1)
    }
  })

  law('is over when the server fails, and when a response that it waits for ends', (steps) => {
    for (const { event, from, to } of steps) {
      if (event === 'ServerFailed' || (event === 'ResponseEnded' && from !== 'Waiting')) expect(to).toBe('Over')
    }
  })
})
