/** Bodies that middleware leaves in a Koa context: a stream among them may be broken, or break before its first byte. */
import { Readable } from 'node:stream'
import type * as Koa from 'koa'
import { isOwnStream } from './WireResponse'

/** Resolves when a stream has something to read, has ended or is closed; rejects when it breaks before. */
const begun = (stream: Readable): Promise<void> =>
  new Promise((resolve, reject) => {
    const done = (): void => {
      stream.off('readable', done).off('end', done).off('close', done).off('error', reject)
      resolve()
    }
    stream.on('readable', done).on('end', done).on('close', done).on('error', reject)
  })

/** Whether nobody reads a stream yet, so that waiting for it takes nothing from anyone. */
const isUntouched = (stream: Readable): boolean =>
  stream.readableFlowing === null && !stream.readableDidRead && stream.readableLength === 0 && !stream.readableEnded

/**
 * The length of a body is what it has. Koa keeps that of the last body where a middleware sets one of JSON to null, and
 * a client would take the next response on the connection for the rest of this one.
 */
const fitLength = (ctx: Koa.Context, body: unknown): void => {
  if ((typeof body !== 'string' && !(body instanceof Uint8Array)) || ctx.headerSent) return
  if (ctx.res.hasHeader('content-length')) ctx.length = Buffer.byteLength(body)
}

/**
 * Waits for the first byte of a body that is a stream, since Koa cuts the connection when a stream breaks: before the
 * head is sent it can still be answered. Rejects where there will be none.
 */
export const whenBegun = async (ctx: Koa.Context): Promise<void> => {
  const body: unknown = ctx.body
  fitLength(ctx, body)
  if (!(body instanceof Readable) || isOwnStream(body) || ctx.headerSent) return
  body.on('error', () => undefined) // Koa's own listener tells; one that breaks later must not end the process
  if (body.errored !== null) throw body.errored
  if (body.destroyed && !body.readableEnded) throw new Error('ctx.body is a stream that is destroyed')
  if (isUntouched(body)) await begun(body)
}
