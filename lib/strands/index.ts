/**
 * Agents of Strands as handlers: a fresh agent a turn, over a conversation that is the session's state.
 *
 * @since 0.2.0
 */
export type { StrandsAgent, StrandsEvent, StrandsInterrupt } from './StrandsAgent'
export { strands, type StrandsOptions } from './strands'
export { toText } from './toText'
export { toUiMessages } from './toUiMessages'
