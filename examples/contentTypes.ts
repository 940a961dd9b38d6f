/** Payloads that are not JSON: a middleware that parses bodies by their content type, with parsers as Fastify has them. */
import type * as Koa from 'koa'

export interface Parser {
  readonly contentType: string | ReadonlyArray<string> | RegExp
  /** What the parser gets. Default `'string'`. */
  readonly parseAs?: 'string' | 'buffer' | 'stream'
  /** The largest body in bytes; of a stream, its parser decides. Default 1 MiB. */
  readonly bodyLimit?: number
  /** Returns a promise of the payload, or calls `done` with it. */
  readonly parser: (request: Koa.Request, body: never, done: Done) => unknown
}
type Done = (error: Error | null, payload?: unknown) => void

/** Parses payloads. JSON needs no parser, a type without one is refused with 415. */
export const parsePayload = (parsers: ReadonlyArray<Parser>): Koa.Middleware => {
  const known = [...parsers, plainText]
  return async (ctx, next) => {
    const { type } = ctx.request
    const found = known.find(accepts(type))
    if (ctx.method !== 'POST' || ctx.path !== '/invocations') return next()
    if (found !== undefined) {
      Object.assign(ctx.request, { body: await parse(ctx, found) })
      return next()
    }
    if (type === '' || type === 'application/json') return next()
    ctx.status = 415
    ctx.body = { error: 'Unsupported Media Type', message: `Unsupported Media Type: ${type}` }
  }
}

const plainText: Parser = { contentType: 'text/plain', parser: async (_, body) => body }

const accepts =
  (type: string) =>
  ({ contentType }: Parser): boolean =>
    contentType instanceof RegExp ? contentType.test(type) : [contentType].flat().includes(type)

const parse = async (
  ctx: Koa.Context,
  { parser, parseAs = 'string', bodyLimit = 1_048_576 }: Parser,
): Promise<unknown> => {
  const bytes = parseAs === 'stream' ? ctx.req : await readBody(ctx, bodyLimit)
  const body = parseAs === 'string' && Buffer.isBuffer(bytes) ? bytes.toString() : bytes
  return new Promise((resolve, reject) => {
    const parsed = parser(ctx.request, body as never, (error, payload) =>
      error instanceof Error ? reject(error) : resolve(payload),
    )
    if (typeof parsed === 'object' && parsed !== null && 'then' in parsed) resolve(parsed)
  })
}

const readBody = async (ctx: Koa.Context, limit: number): Promise<Buffer> => {
  const chunks: Array<Buffer> = []
  let size = 0
  const body: AsyncIterable<Buffer> = ctx.req.iterator({ destroyOnReturn: false }) // so that the client gets the 413
  for await (const chunk of body) {
    size += chunk.length
    if (size > limit) ctx.throw(413, `The body is larger than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
