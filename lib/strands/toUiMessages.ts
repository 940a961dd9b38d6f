/** `toUiMessages`: a turn as the AI SDK's UI messages have it. */
import type { UiMessageChunk } from '../core/UiMessages'
import { type Fields, interruptIn, isRecord, recordIn, type StrandsEvent, textIn } from './StrandsAgent'

/**
 * The chunks of a turn, for `uiMessages`: text, reasoning, tool calls with their inputs and outputs, and steps. A page sees
 * that a tool failed, but not why. A question to a person is a part `data-interrupt` with `{ id, name, reason? }`.
 *
 * @example
 * ```ts
 * import { entrypoint, uiMessages } from 'agentcore-fp/plain'
 * import { type StrandsAgent, strands, toUiMessages } from 'agentcore-fp/strands'
 *
 * declare const make: () => StrandsAgent
 *
 * export const agent = entrypoint(uiMessages(strands(make, { output: toUiMessages })))
 * ```
 */
export const toUiMessages = async function* (
  events: AsyncIterable<StrandsEvent>,
): AsyncGenerator<UiMessageChunk, void> {
  let state = beginning
  yield { type: 'start' }
  for await (const event of events) {
    const [next, chunks] = step(state, event)
    state = next
    yield* chunks
  }
  yield { type: 'finish' }
}

// ---------------------------------------------------------------------------------------------------------------------
// transitions
// ---------------------------------------------------------------------------------------------------------------------

/** A block of a message that is being written. Text and reasoning begin with their first piece. */
type Block =
  | { readonly _tag: 'Begun' }
  | { readonly _tag: 'Text' | 'Reasoning'; readonly id: string }
  | { readonly _tag: 'Tool'; readonly id: string; readonly name: string; readonly input: string }

interface State {
  /** Blocks so far, which are told apart by their number. */
  readonly blocks: number
  readonly block: Block
  /** Tool calls whose input was sent. */
  readonly calls: ReadonlySet<string>
}

const beginning: State = { blocks: 0, block: { _tag: 'Begun' }, calls: new Set() }

type Step = readonly [State, ReadonlyArray<UiMessageChunk>]

const step = (state: State, event: StrandsEvent): Step => {
  switch (event.type) {
    case 'modelStreamUpdateEvent':
      return onModel(state, recordIn(event, 'event'))
    case 'beforeToolCallEvent':
      return onCall(state, recordIn(event, 'toolUse'))
    case 'toolResultEvent':
      return [state, [toOutput(recordIn(event, 'result'))]]
    case 'interruptEvent': {
      const interrupt = interruptIn(event)
      return [state, [chunk('data-interrupt', { id: interrupt.id, data: interrupt })]]
    }
    default:
      return [state, []]
  }
}

const chunk = (type: string, fields: Fields = {}): UiMessageChunk => ({ type, ...fields })

const onModel = (state: State, event: Fields): Step => {
  switch (event['type']) {
    case 'modelMessageStartEvent':
      return [state, [chunk('start-step')]]
    case 'modelContentBlockStartEvent':
      return onBlock(state, recordIn(event, 'start'))
    case 'modelContentBlockDeltaEvent':
      return onDelta(state, recordIn(event, 'delta'))
    case 'modelContentBlockStopEvent':
      return onBlockEnd(state)
    case 'modelMessageStopEvent':
      return [state, [chunk('finish-step')]]
    default:
      return [state, []]
  }
}

const onBlock = (state: State, start: Fields): Step => {
  const next = { ...state, blocks: state.blocks + 1, block: { _tag: 'Begun' } as const }
  if (start['type'] !== 'toolUseStart') return [next, []]
  const [id, name] = [textIn(start, 'toolUseId'), textIn(start, 'name')]
  const begun = chunk('tool-input-start', { toolCallId: id, toolName: name, dynamic: true })
  return [{ ...next, block: { _tag: 'Tool', id, name, input: '' } }, [begun]]
}

const onDelta = (state: State, delta: Fields): Step => {
  const { block } = state
  switch (delta['type']) {
    case 'textDelta':
      return onPiece(state, 'Text', textIn(delta, 'text'))
    case 'reasoningContentDelta':
      return onPiece(state, 'Reasoning', textIn(delta, 'text'))
    case 'toolUseInputDelta': {
      if (block._tag !== 'Tool') return [state, []]
      const piece = textIn(delta, 'input')
      const sent = chunk('tool-input-delta', { toolCallId: block.id, inputTextDelta: piece })
      return [{ ...state, block: { ...block, input: block.input + piece } }, [sent]]
    }
    default:
      return [state, []]
  }
}

const kinds = { Text: 'text', Reasoning: 'reasoning' } as const

const onPiece = (state: State, kind: 'Text' | 'Reasoning', delta: string): Step => {
  if (delta === '') return [state, []] // such as the signature of a thought
  const { block } = state
  const type = kinds[kind]
  if (block._tag === kind) return [state, [chunk(`${type}-delta`, { id: block.id, delta })]]
  const id = String(state.blocks)
  const begun = [chunk(`${type}-start`, { id }), chunk(`${type}-delta`, { id, delta })]
  return [{ ...state, block: { _tag: kind, id } }, begun]
}

const onBlockEnd = (state: State): Step => {
  const { block } = state
  const next: State = { ...state, block: { _tag: 'Begun' } }
  switch (block._tag) {
    case 'Begun':
      return [next, []]
    case 'Text':
    case 'Reasoning':
      return [next, [chunk(`${kinds[block._tag]}-end`, { id: block.id })]]
    case 'Tool':
      return announced(next, block.id, block.name, parsed(block.input))
  }
}

/** A call that a person has answered for was announced in an earlier turn, which the page shows as another message. */
const onCall = (state: State, use: Fields): Step => {
  const id = textIn(use, 'toolUseId')
  return state.calls.has(id) ? [state, []] : announced(state, id, textIn(use, 'name'), use['input'])
}

const announced = (state: State, toolCallId: string, toolName: string, input: unknown): Step => [
  { ...state, calls: new Set([...state.calls, toolCallId]) },
  [chunk('tool-input-available', { toolCallId, toolName, input, dynamic: true })],
]

/** The input of a tool; as it is where it is no JSON, which the agent reports. */
const parsed = (input: string): unknown => {
  try {
    return input === '' ? {} : JSON.parse(input)
  } catch {
    return input
  }
}

const toOutput = (result: Fields): UiMessageChunk => {
  const toolCallId = textIn(result, 'toolUseId')
  // What a tool threw is for the model and the log: it may say more than a page should know.
  if (result['status'] === 'error') {
    return chunk('tool-output-error', { toolCallId, errorText: 'The tool failed', dynamic: true })
  }
  const content = Array.isArray(result['content']) ? result['content'].map(toValue) : []
  const output = content.length === 1 ? content[0] : content
  return chunk('tool-output-available', { toolCallId, output, dynamic: true })
}

/** The text or the JSON of a block of a result; any other block as it is. */
const toValue = (block: unknown): unknown => {
  if (!isRecord(block)) return block
  return typeof block['text'] === 'string' ? block['text'] : (block['json'] ?? block)
}
