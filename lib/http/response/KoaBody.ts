/** Bodies that middleware sets on a Koa context, among them streams that fail before their first byte. */
import { Readable } from 'node:stream'
import type * as Koa from 'koa'
import { isOwnStream } from './KoaAnswer'

/** Resolves when a stream is readable, ended or closed; rejects if it fails before. */
const begun = (stream: Readable): Promise<void> =>
  new Promise((resolve, reject) => {
    const done = (): void => {
      stream.off('readable', done).off('end', done).off('close', done).off('error', reject)
      resolve()
    }
    stream.on('readable', done).on('end', done).on('close', done).on('error', reject)
  })

/** Whether nobody reads a stream yet, so that waiting for it takes no data from anyone. */
const isUntouched = (stream: Readable): boolean =>
  stream.readableFlowing === null && !stream.readableDidRead && stream.readableLength === 0 && !stream.readableEnded

/**
 * Corrects `Content-Length` to that of the body. Koa leaves the old one if a middleware replaces a JSON body by null,
 * and a client would read the next response on the connection as the rest of this one.
 */
const fitLength = (ctx: Koa.Context, body: unknown): void => {
  if ((typeof body !== 'string' && !(body instanceof Uint8Array)) || ctx.headerSent) return
  if (ctx.res.hasHeader('content-length')) ctx.length = Buffer.byteLength(body)
}

/**
 * Waits for the first byte of a stream body: until the headers are sent, a failure can still become an error response,
 * whereas Koa aborts the connection. Rejects if the stream fails before.
 */
export const whenBegun = async (ctx: Koa.Context): Promise<void> => {
  const body: unknown = ctx.body
  fitLength(ctx, body)
  if (!(body instanceof Readable) || isOwnStream(body) || ctx.headerSent) return
  body.on('error', () => undefined) // Koa reports it; a later error must not crash the process
  if (body.errored !== null) throw body.errored
  if (body.destroyed && !body.readableEnded) throw new Error('ctx.body is a destroyed stream')
  if (isUntouched(body)) await begun(body)
}
