/** What the agents of these examples ask of a model: a conversation and tools in, pieces of text and tool calls out. */
import { z } from 'zod'

export type Model = (request: ModelRequest) => AsyncIterable<string | ToolCall>

export interface ModelRequest {
  readonly system: string
  readonly messages: ReadonlyArray<Message>
  readonly tools: ReadonlyArray<Tool>
  /** Ends the request to the model when the caller leaves. */
  readonly signal: AbortSignal
}

const ToolCall = z.object({ id: z.string(), name: z.string(), input: z.unknown() })

const ToolResult = z.object({ id: z.string(), output: z.string() })

/** One message of a conversation. A schema, since conversations are kept as the state of a session. */
export const Message = z.discriminatedUnion('role', [
  z.object({ role: z.literal('user'), text: z.string() }),
  z.object({ role: z.literal('assistant'), text: z.string(), calls: z.array(ToolCall) }),
  z.object({ role: z.literal('tool'), results: z.array(ToolResult) }),
])

export type Message = z.infer<typeof Message>
export type ToolCall = z.infer<typeof ToolCall>
export type ToolResult = z.infer<typeof ToolResult>

/** A function that a model may ask for, with a JSON Schema of its input. */
export interface Tool {
  readonly name: string
  readonly description: string
  readonly schema: z.core.JSONSchema.BaseSchema
  readonly run: (input: unknown) => unknown
}

/** Makes a tool; what the model passes to it is checked by `input` first. */
export const tool = <I>(settings: {
  readonly name: string
  readonly description: string
  readonly input: z.ZodType<I>
  readonly run: (input: I) => unknown
}): Tool => ({
  name: settings.name,
  description: settings.description,
  schema: z.toJSONSchema(settings.input),
  run: (input) => settings.run(settings.input.parse(input)),
})

/** The input of a call, whose JSON came in pieces; there is none for a tool without parameters. */
export const parseInput = (json: string): unknown => (json === '' ? {} : JSON.parse(json))

/** Runs what a model has asked for. A failure is a result too: the model can try again, or say what went wrong. */
export const runTool = async (tools: ReadonlyArray<Tool>, { id, name, input }: ToolCall): Promise<ToolResult> => {
  try {
    const found = tools.find((candidate) => candidate.name === name)
    if (found === undefined) throw new Error(`There is no tool ${name}`)
    return { id, output: JSON.stringify(await found.run(input)) }
  } catch (cause) {
    return { id, output: JSON.stringify({ error: cause instanceof Error ? cause.message : String(cause) }) }
  }
}
