/** `toText`: the text of a turn, as it is written. */
import { type Event, event as toEvent } from '../core/Sse'
import { interruptIn, recordIn, type StrandsEvent, textIn } from './StrandsAgent'

/**
 * The text of a turn, piece by piece. A question to a person is an event `interrupt` with `{ id, name, reason? }`. Nothing
 * else that the agent does is shown.
 *
 * @example
 * ```ts
 * import { toText } from 'agentcore-fp/strands'
 *
 * export const pieces = toText(
 *   (async function* () {
 *     const delta = { type: 'textDelta', text: 'Hello' }
 *     yield { type: 'modelStreamUpdateEvent', event: { type: 'modelContentBlockDeltaEvent', delta } }
 *   })(),
 * )
 * ```
 */
export const toText = async function* (events: AsyncIterable<StrandsEvent>): AsyncGenerator<string | Event, void> {
  for await (const event of events) {
    if (event.type === 'interruptEvent') yield toEvent({ event: 'interrupt', data: interruptIn(event) })
    if (event.type !== 'modelStreamUpdateEvent') continue
    const delta = recordIn(recordIn(event, 'event'), 'delta')
    if (delta['type'] === 'textDelta') yield textIn(delta, 'text')
  }
}
