import * as fc from 'fast-check'
import * as O from 'fp-ts/Option'
import { internal } from '../../lib/local/service/ServiceError'
import { toLifecycle } from '../../lib/core/Lifecycle'
import type { Kind, Report } from '../../lib/local/session/SessionLife'
import {
  absent,
  type Manner,
  type SessionCommand,
  type SessionEvent,
  type SessionState,
  step,
  type Told,
  type Waiter,
} from '../../lib/local/session/SessionState'

const lifecycle = toLifecycle({ idleRuntimeSessionTimeout: 10, maxLifetime: 60 })
const next = step({ lifecycle, maxMemory: 1000 })

const report: Report = { status: 'Healthy', updatedAt: O.none, tasks: O.none }

/** What may happen next, by chance; each has a meaning only while the world below is ready for it. */
type Chance =
  | { readonly do: 'enter'; readonly kind: Kind; readonly manner: Manner }
  | { readonly do: 'leave' | 'started' | 'notStarted' | 'exit' | 'killed' | 'ask' | 'close' | 'touch' }
  | { readonly do: 'ping'; readonly isAnswered: boolean; readonly isBusy: boolean; readonly memory: number }

const chance: fc.Arbitrary<Chance> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('enter' as const),
      kind: fc.constantFrom<Kind>('inFlight', 'sockets', 'look'),
      manner: fc.constantFrom<Manner>('refuse', 'wait'),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'leave',
        'leave',
        'leave',
        'started',
        'started',
        'touch',
        'killed',
        'notStarted',
        'exit',
        'ask',
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Chance>({ do: 'close' }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('ping' as const),
      isAnswered: fc.boolean(),
      isBusy: fc.boolean(),
      memory: fc.constantFrom(10, 10, 10, 2000),
    }),
  },
)

/** A world around one id that interprets commands as the runtime does, and writes down what breaks a law. */
const createWorld = () => {
  const faults: Array<string> = []
  const told = new Map<Waiter, Array<Told>>()
  const leases: Array<Kind> = []
  let now = 0
  let state: SessionState = absent
  let launching = 0
  let running = 0
  let killing = 0
  let isScheduled = false
  let isClosed = false

  const check = (isKept: boolean, law: string): void => {
    if (!isKept) faults.push(law)
  }

  const perform = (command: SessionCommand): void => {
    switch (command._tag) {
      case 'Launch':
        check(launching + running === 0, 'at most one process per session')
        check(!isClosed, 'nothing is started after the close')
        launching += 1
        return
      case 'Kill':
        check(running === 1 && killing === 0, 'what runs is killed once')
        check(!isScheduled, 'what is killed is pinged no more')
        killing += 1
        return
      case 'EndLeases':
        leases.length = 0
        return
      case 'Forget':
        check(launching + running === 0, 'no process outlives its session')
        check(!isScheduled, 'no timer outlives its session')
        return
      case 'Tell': {
        const { waiter, told: outcome } = command
        told.set(waiter, [...(told.get(waiter) ?? []), outcome])
        if (outcome._tag === 'Admitted') {
          check(waiter.wants !== 'end', 'who wants the end is not admitted')
          check(state._tag === 'Present' && state.life._tag === 'Ready', 'a lease is of a session that is ready')
          if (waiter.wants !== 'end') leases.push(waiter.wants)
        }
        return
      }
      case 'SchedulePing':
        check(!isScheduled, 'one ping is planned at a time')
        isScheduled = true
        return
      case 'CancelPing':
        isScheduled = false
        return
      case 'Log':
        if (command.news._tag === 'Stopping' && command.news.why === 'idle')
          check(!leases.includes('inFlight'), 'idle only when nobody uses it')
        return
      case 'CancelLaunch':
      case 'Ping':
      case 'Watch':
        return
    }
  }

  const dispatch = (event: SessionEvent): void => {
    const [after, commands] = next(state, event)
    state = after
    commands.forEach(perform)
    const isReady = state._tag === 'Present' && state.life._tag === 'Ready'
    check(isReady || leases.length === 0, 'no lease outlives its session')
    const counted = state._tag === 'Present' && state.life._tag === 'Ready' ? state.life : undefined
    if (counted !== undefined) {
      check(counted.inFlight === leases.filter((kind) => kind === 'inFlight').length, 'invocations are counted')
      check(counted.sockets === leases.filter((kind) => kind === 'sockets').length, 'sockets are counted')
    }
  }

  const waiter = (wants: Waiter['wants']): Waiter => {
    const made: Waiter = { wants, tell: () => undefined }
    told.set(made, [])
    return made
  }

  const happen = (chosen: Chance): void => {
    now += 1500
    switch (chosen.do) {
      case 'enter':
        if (isClosed && state._tag === 'Absent') return // the quota refuses
        return dispatch({ _tag: 'Entered', now, waiter: waiter(chosen.kind), manner: chosen.manner })
      case 'leave': {
        const kind = leases.pop()
        return kind === undefined ? undefined : dispatch({ _tag: 'Left', now, kind })
      }
      case 'touch':
        return dispatch({ _tag: 'Touched', now })
      case 'started':
        if (launching === 0) return
        launching = 0
        running = 1
        return dispatch({ _tag: 'Started', now, report })
      case 'notStarted':
        if (launching === 0) return
        launching = 0
        return dispatch({ _tag: 'NotStarted', error: internal('not started') })
      case 'ping': {
        if (!isScheduled) return
        isScheduled = false
        dispatch({ _tag: 'PingDue' })
        const said: Report = { ...report, status: chosen.isBusy ? 'HealthyBusy' : 'Healthy' }
        const memory = O.some(chosen.memory)
        return dispatch({ _tag: 'Pinged', now, report: chosen.isAnswered ? O.some(said) : O.none, memory })
      }
      case 'exit':
        if (running === 0 || killing > 0) return
        running = 0
        return dispatch({ _tag: 'Exited', how: 'exited with code 1' })
      case 'killed':
        if (killing === 0) return
        killing = 0
        running = 0
        dispatch({ _tag: 'Exited', how: 'was ended by SIGTERM' })
        return dispatch({ _tag: 'Killed' })
      case 'ask':
        return dispatch({ _tag: 'StopAsked', now, waiter: waiter('end') })
      case 'close':
        if (isClosed) return
        isClosed = true
        return dispatch({ _tag: 'Closed', now, waiter: waiter('end') })
    }
  }

  /** The runtime stops, and what it then waits for happens. */
  const end = (isStarted: boolean): void => {
    happen({ do: 'close' })
    happen({ do: isStarted ? 'started' : 'notStarted' })
    happen({ do: 'killed' })
    check(state._tag === 'Absent' && launching + running === 0 && !isScheduled, 'after the stop nothing runs')
    for (const outcomes of told.values()) check(outcomes.length === 1, 'everyone who waits is told exactly once')
  }

  return { happen, end, faults, told, state: () => state }
}

describe('a session as a state machine', () => {
  it('keeps its laws, whatever happens in whatever order', () =>
    fc.assert(
      fc.property(fc.array(chance, { maxLength: 60 }), fc.boolean(), (chances, isStarted) => {
        const world = createWorld()
        chances.forEach(world.happen)
        world.end(isStarted)
        expect(world.faults).toEqual([])
      }),
      { numRuns: 1000 },
    ))

  it('is unmoved by events that come too late', () =>
    fc.assert(
      fc.property(fc.array(chance, { maxLength: 30 }), fc.boolean(), (chances, isStarted) => {
        const world = createWorld()
        chances.forEach(world.happen)
        world.end(isStarted)
        const late: ReadonlyArray<SessionEvent> = [
          { _tag: 'Left', now: 1e9, kind: 'inFlight' },
          { _tag: 'Touched', now: 1e9 },
          { _tag: 'Started', now: 1e9, report },
          { _tag: 'NotStarted', error: internal('late') },
          { _tag: 'PingDue' },
          { _tag: 'Pinged', now: 1e9, report: O.none, memory: O.none },
          { _tag: 'Measured', memory: O.none },
          { _tag: 'Exited', how: 'late' },
          { _tag: 'Killed' },
        ]
        for (const event of late) expect(next(world.state(), event)).toEqual([world.state(), []])
      }),
    ))

  const enterer = (): Waiter => ({ wants: 'inFlight', tell: () => undefined })

  it('admits who waits for its start, and refuses who does not', () => {
    const [first, second, third] = [enterer(), enterer(), enterer()]
    const [starting] = next(absent, { _tag: 'Entered', now: 0, waiter: first, manner: 'refuse' })
    const [still, refused] = next(starting, { _tag: 'Entered', now: 1, waiter: second, manner: 'refuse' })
    expect(refused).toEqual([
      { _tag: 'Tell', waiter: second, told: { _tag: 'Refused', error: { _tag: 'InTransition' } } },
    ])
    const [waiting] = next(still, { _tag: 'Entered', now: 2, waiter: third, manner: 'wait' })
    const [ready, commands] = next(waiting, { _tag: 'Started', now: 3, report })
    expect(commands.filter(({ _tag }) => _tag === 'Tell')).toEqual([
      { _tag: 'Tell', waiter: first, told: { _tag: 'Admitted' } },
      { _tag: 'Tell', waiter: third, told: { _tag: 'Admitted' } },
    ])
    expect(ready).toMatchObject({ life: { inFlight: 2, lastUsed: 3 } })
  })

  it('answers a start that failed to who began it, and lets who waits begin anew when the id is free', () => {
    const [first, second] = [enterer(), enterer()]
    const [starting] = next(absent, { _tag: 'Entered', now: 0, waiter: first, manner: 'wait' })
    const [waiting] = next(starting, { _tag: 'Entered', now: 1, waiter: second, manner: 'wait' })
    const error = internal('no')
    const [over, commands] = next(waiting, { _tag: 'NotStarted', error })
    expect(over).toEqual(absent)
    const tags = commands.map((command) => command._tag)
    expect(tags.indexOf('Forget')).toBeLessThan(tags.indexOf('Tell'))
    expect(commands).toContainEqual({ _tag: 'Tell', waiter: second, told: { _tag: 'Gone' } })
    expect(commands).toContainEqual({ _tag: 'Tell', waiter: first, told: { _tag: 'Refused', error } })
  })
})
