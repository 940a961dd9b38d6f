/** An agent under OpenTelemetry's instrumentation of HTTP and Koa: prints the spans of some requests as JSON. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { KoaInstrumentation } from '@opentelemetry/instrumentation-koa'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'

const exporter = new InMemorySpanExporter()
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register()
registerInstrumentations({ instrumentations: [new HttpInstrumentation(), new KoaInstrumentation()] })

const main = async (): Promise<void> => {
  // Loaded after the instrumentation, as it asks for.
  const { createApp, entrypoint, routes, use } = await import('../../../lib/index.js')
  const app = createApp(
    pipe(
      use(function timing(_, next) {
        return next()
      }),
      routes((router) =>
        router.get('item', '/items/:id', function answerItem(ctx) {
          ctx.body = ctx.params['id']
        }),
      ),
      entrypoint((payload) => TE.right(payload)),
    ),
    { log: { level: 'silent' } },
  )
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await (await fetch(`${url}/items/7`)).text()
  await (await fetch(`${url}/invocations?x=1`, { method: 'POST', body: '1' })).text()
  await (await fetch(`${url}/ping`)).text()
  await app.stop()
  const spans = exporter.getFinishedSpans().map(({ name, attributes }) => ({ name, route: attributes['http.route'] }))
  process.stdout.write(`${JSON.stringify(spans)}\n`)
}

void main()
