/**
 * What `agentcore dev` does, as a value: which server serves, which one starts, whether a build runs. Every event gives
 * the next state and what to do. The rule of it all: a server that serves is given up only for one that answers.
 */

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A program that was built, and what tells it from another: its content, and the variables that it is given. */
export interface Program {
  readonly key: string
  readonly main: string
}

/** A server: a process of the program, by its number. */
export interface Server {
  readonly id: number
  readonly program: Program
}

export interface DevState {
  readonly isBuilding: boolean
  /** Whether the source has changed since the build that runs began. */
  readonly isStale: boolean
  /** Whether the next program is started though it be the one that serves. */
  readonly isForced: boolean
  /** The one that requests go to. */
  readonly current?: Server
  /** The one that does not answer yet. */
  readonly next?: Server
  /** Whether a server that crashed is to be started again soon. */
  readonly isWaiting: boolean
  readonly started: number
  /** How often the current program has crashed in a row. */
  readonly crashes: number
  readonly isOver: boolean
}

export type DevEvent =
  | { readonly _tag: 'Changed' }
  /** The developer asks for a restart. */
  | { readonly _tag: 'Requested' }
  | { readonly _tag: 'Built'; readonly program: Program }
  | { readonly _tag: 'NotBuilt' }
  | { readonly _tag: 'Answered'; readonly id: number }
  | { readonly _tag: 'Late'; readonly id: number }
  | { readonly _tag: 'Exited'; readonly id: number; readonly hasLasted: boolean }
  | { readonly _tag: 'Waited'; readonly program: Program }
  | { readonly _tag: 'Ended' }

export type DevCommand =
  | { readonly _tag: 'Build' }
  | { readonly _tag: 'Start'; readonly server: Server }
  /** Asks a server to finish. */
  | { readonly _tag: 'Retire'; readonly id: number }
  /** Ends a server that never answered. */
  | { readonly _tag: 'Discard'; readonly id: number }
  | { readonly _tag: 'Wait'; readonly ms: number; readonly program: Program }
  | { readonly _tag: 'Tell'; readonly news: DevMessage }

/** What the developer is told. */
export type DevMessage =
  | { readonly _tag: 'Ready'; readonly server: Server; readonly isFirst: boolean }
  | { readonly _tag: 'Unchanged' }
  | { readonly _tag: 'NotBuilt'; readonly isKept: boolean }
  | { readonly _tag: 'NotStarted'; readonly id: number; readonly why: 'exited' | 'late'; readonly isKept: boolean }
  | { readonly _tag: 'Crashed'; readonly id: number; readonly again: number | undefined }

type Step = readonly [DevState, ReadonlyArray<DevCommand>]

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** Before anything was built: the first build runs. */
export const begin: Step = [
  { isBuilding: true, isStale: false, isForced: false, isWaiting: false, started: 0, crashes: 0, isOver: false },
  [{ _tag: 'Build' }],
]

/** After which time a server that crashed is started again, by how often it did; then only a change helps. */
const pauses: ReadonlyArray<number> = [100, 1000, 4000]

// ---------------------------------------------------------------------------------------------------------------------
// transitions
// ---------------------------------------------------------------------------------------------------------------------

const announce = (news: DevMessage): DevCommand => ({ _tag: 'Tell', news })

const withoutNext = ({ next: _, ...rest }: DevState): DevState => rest

const withoutCurrent = ({ current: _, ...rest }: DevState): DevState => rest

const built = (state: DevState, commands: ReadonlyArray<DevCommand>): Step =>
  state.isStale
    ? [{ ...state, isBuilding: true, isStale: false }, [...commands, { _tag: 'Build' }]]
    : [{ ...state, isBuilding: false }, commands]

const start = (state: DevState, program: Program): Step => {
  const server = { id: state.started + 1, program }
  const commands: ReadonlyArray<DevCommand> = [
    ...(state.next === undefined ? [] : [{ _tag: 'Discard', id: state.next.id } as const]),
    { _tag: 'Start', server },
  ]
  return [{ ...state, next: server, started: server.id, isWaiting: false }, commands]
}

const onBuilt = (state: DevState, program: Program): Step => {
  if (state.isStale) return built(state, [])
  if (state.isForced) {
    const [forced, commands] = start({ ...state, isForced: false, crashes: 0 }, program)
    return built(forced, commands)
  }
  if (state.next?.program.key === program.key) return built(state, [])
  if (state.next === undefined && state.current?.program.key === program.key) {
    return built(state, [announce({ _tag: 'Unchanged' })])
  }
  const [begun, commands] = start({ ...state, crashes: 0 }, program)
  return built(begun, commands)
}

const onAnswered = (state: DevState, id: number): Step => {
  const { next, current } = state
  if (next?.id !== id) return [state, []]
  return [
    { ...withoutNext(state), current: next },
    [
      ...(current === undefined ? [] : [{ _tag: 'Retire', id: current.id } as const]),
      announce({ _tag: 'Ready', server: next, isFirst: id === 1 }),
    ],
  ]
}

const onExited = (state: DevState, id: number, hasLasted: boolean): Step => {
  const { current, next } = state
  if (next?.id === id) {
    const isKept = current !== undefined
    return [withoutNext(state), [announce({ _tag: 'NotStarted', id, why: 'exited', isKept })]]
  }
  if (current?.id !== id) return [state, []]
  const crashes = hasLasted ? 0 : state.crashes
  const isReplaced = next !== undefined || state.isBuilding
  const again = isReplaced ? undefined : pauses[crashes]
  return [
    { ...withoutCurrent(state), crashes: crashes + 1, isWaiting: again !== undefined },
    [
      announce({ _tag: 'Crashed', id, again }),
      ...(again === undefined ? [] : [{ _tag: 'Wait', ms: again, program: current.program } as const]),
    ],
  ]
}

const onLate = (state: DevState, id: number): Step => {
  if (state.next?.id !== id) return [state, []]
  const isKept = state.current !== undefined
  return [withoutNext(state), [{ _tag: 'Discard', id }, announce({ _tag: 'NotStarted', id, why: 'late', isKept })]]
}

/** A server that crashed is started again unless something newer has come meanwhile. */
const onWaited = (state: DevState, program: Program): Step =>
  state.current !== undefined || state.next !== undefined || state.isBuilding
    ? [{ ...state, isWaiting: false }, []]
    : start(state, program)

/** What an event leads to. After `Ended` nothing is started any more. */
export const step = (state: DevState, event: DevEvent): Step => {
  if (state.isOver) return [state, []]
  switch (event._tag) {
    case 'Changed':
      return state.isBuilding
        ? [{ ...state, isStale: true }, []]
        : [{ ...state, isBuilding: true }, [{ _tag: 'Build' }]]
    case 'Requested':
      return step({ ...state, isForced: true }, { _tag: 'Changed' })
    case 'Built':
      return onBuilt(state, event.program)
    case 'NotBuilt':
      return state.isStale
        ? built(state, [])
        : built({ ...state, isForced: false }, [announce({ _tag: 'NotBuilt', isKept: state.current !== undefined })])
    case 'Answered':
      return onAnswered(state, event.id)
    case 'Late':
      return onLate(state, event.id)
    case 'Exited':
      return onExited(state, event.id, event.hasLasted)
    case 'Waited':
      return onWaited(state, event.program)
    case 'Ended':
      return [{ ...state, isOver: true }, []]
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

/** Whether a server may serve soon, so that a request can wait for it. */
export const isComing = ({ isBuilding, next, isWaiting }: DevState): boolean =>
  isBuilding || isWaiting || next !== undefined
