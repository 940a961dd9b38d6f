/** An agent that calls a tool by the Model Context Protocol, traces it with OpenTelemetry and logs with pino. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { trace } from '@opentelemetry/api'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import { createApp, entrypoint } from 'agentcore-fp/plain'
import pino from 'pino'
import { z } from 'zod'

const exporter = new InMemorySpanExporter()
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register()

const server = new McpServer({ name: 'tools', version: '1.0.0' })
server.registerTool('shout', { description: 'Says it louder', inputSchema: { text: z.string() } }, ({ text }) => ({
  content: [{ type: 'text', text: text.toUpperCase() }],
}))

const connect = async () => {
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  const client = new Client({ name: 'agent', version: '1.0.0' })
  await Promise.all([server.connect(theirs), client.connect(ours)])
  return client
}

const client = connect()

export const app = createApp(
  entrypoint(async ({ prompt }) =>
    trace.getTracer('agent').startActiveSpan('call', async (span) => {
      const { content } = await (await client).callTool({ name: 'shout', arguments: { text: prompt } })
      span.end()
      return { answer: `Tool said ${content[0].text}`, spans: exporter.getFinishedSpans().map(({ name }) => name) }
    }),
  ),
  { log: { logger: pino({ name: 'agent' }) } },
)
