/**
 * What is needed of an agent of Strands, by its structure: this package neither depends on Strands nor imports it.
 *
 * @since 0.2.0
 */

/** An agent: an `Agent` of `@strands-agents/sdk`. `Input` is what a turn takes, `E` its events. */
export interface StrandsAgent<in Input = never, out E extends StrandsEvent = StrandsEvent> {
  /** Runs a turn; takes `{ cancelSignal }`. */
  readonly stream: (input: Input, options?: never) => AsyncIterable<E>
  /** The conversation as JSON; takes `{ preset, exclude }`. */
  readonly takeSnapshot: (options: never) => unknown
  readonly loadSnapshot: (snapshot: never) => void
}

/** An event of a turn; its `type` tells which. */
export interface StrandsEvent {
  readonly type: string
}

/** A question to a person, for which an agent has stopped. The next turn answers it by its `id`. */
export interface StrandsInterrupt {
  readonly id: string
  readonly name: string
  readonly reason?: unknown
}

// ---------------------------------------------------------------------------------------------------------------------
// reading events
// ---------------------------------------------------------------------------------------------------------------------

/** Fields of an event, whose type only Strands knows. */
export type Fields = Readonly<Record<string, unknown>>

/** Narrows to an object. */
export const isRecord = (value: unknown): value is Fields => typeof value === 'object' && value !== null

/** A field that is an object; an empty one if it is not there. */
export const recordIn = (value: unknown, name: string): Fields => {
  const field = isRecord(value) ? value[name] : undefined
  return isRecord(field) ? field : {}
}

/** A field that is text; empty if it is not there. */
export const textIn = (value: unknown, name: string): string => {
  const field = isRecord(value) ? value[name] : undefined
  return typeof field === 'string' ? field : ''
}

/** The question of an `interruptEvent`. */
export const interruptIn = (event: StrandsEvent): StrandsInterrupt => {
  const interrupt = recordIn(event, 'interrupt')
  const [id, name] = [textIn(interrupt, 'id'), textIn(interrupt, 'name')]
  return interrupt['reason'] === undefined ? { id, name } : { id, name, reason: interrupt['reason'] }
}
