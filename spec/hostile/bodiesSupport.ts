/** Bodies that cost as much as possible for their size, and a server in a process of its own to send them to. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get, request } from 'node:http'
import { join } from 'node:path'
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib'

/** The largest of these bodies, in bytes on the wire. */
export const wireBytes = 100_000

const numbered = (count: number, item: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => item(i)).join()

/** Texts of at most so many characters. */
export const texts: Readonly<Record<string, (size: number) => string>> = {
  'empty arrays': (size) => `[${'[],'.repeat(size / 3 - 1)}[]]`,
  'empty objects': (size) => `[${'{},'.repeat(size / 3 - 1)}{}]`,
  zeros: (size) => `[${'0,'.repeat(size / 2 - 2)}0]`,
  fractions: (size) => `[${'0.1,'.repeat(size / 4 - 2)}1]`,
  'huge exponents': (size) => `[${'1e308,'.repeat(size / 6 - 2)}1]`,
  'one number': (size) => '9'.repeat(size),
  'one string': (size) => `"${'a'.repeat(size - 2)}"`,
  escapes: (size) => `"${'\\n'.repeat(size / 2 - 2)}"`,
  'escaped quotes': (size) => `["${'\\"'.repeat(size / 2 - 4)}"]`,
  'a string without an end': (size) => `"${'\\\\'.repeat(size / 2 - 2)}`,
  surrogates: (size) => `"${'\\ud83d\\ude00'.repeat(size / 12 - 2)}"`,
  'short strings': (size) => `[${'"a",'.repeat(size / 4 - 2)}1]`,
  'one key again and again': (size) => `{${'"a":0,'.repeat(size / 6 - 2)}"a":0}`,
  'many keys': (size) => `{${numbered(size / 12, (i) => `"${i.toString(36)}":0`)}}`,
  'keys that are indices': (size) => `{${numbered(size / 14, (i) => `"${(i * 7919) % 4294967295}":0`)}}`,
  'shapes of their own': (size) => `[${numbered(size / 14, (i) => `{"k${i.toString(36)}":0}`)}]`,
  'objects with a large index': (size) => `[${'{"99999":0},'.repeat(size / 12 - 2)}{}]`,
  'arrays in arrays': (size) => `[${'[[[[]]]],'.repeat(size / 9 - 2)}[]]`,
  'deep arrays side by side': (size) => `[${`${'['.repeat(990)}${']'.repeat(990)},`.repeat(size / 2000)}1]`,
  'nesting without end': (size) => '['.repeat(size),
  'objects without end': (size) => '{"a":'.repeat(size / 5),
  blanks: (size) => ' '.repeat(size - 1) + '1',
  commas: (size) => ','.repeat(size),
}

/** A body as it goes over the wire. */
export interface Hostile {
  readonly bytes: Buffer
  readonly encoding?: string
}

const packers = {
  gzip: (text: string) => gzipSync(text),
  deflate: (text: string) => deflateSync(text),
  br: (text: string) => brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Text that compresses to three quarters, the same each time: what makes a body as large on the wire as it may be. */
const noise = (length: number): string => {
  let state = 1
  let text = ''
  for (let i = 0; i < length; i += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    text += letters[(state >>> 16) % 64] ?? ''
  }
  return text
}

/** A text of a kind, plain or compressed: so many characters unfold from as many bytes on the wire as allowed. */
export const bodyOf = (kind: string, encoding: 'plain' | keyof typeof packers, size: number): Hostile => {
  const make = texts[kind]
  if (make === undefined) throw new Error(kind)
  if (encoding === 'plain') return { bytes: Buffer.from(make(wireBytes)) }
  const pack = packers[encoding]
  const fitting = (from: number): string => {
    const text = make(from)
    return pack(text).length > wireBytes ? fitting(Math.floor(from * 0.8)) : text
  }
  const text = fitting(size)
  const left = wireBytes - pack(text).length - 1000
  return { bytes: left > 0 ? pack(`["${noise(Math.floor(left * 1.28))}",${text}]`) : pack(text), encoding }
}

/** The fate of a body that is sent several times: its answers, how long the slowest took, and what else it cost. */
export interface Fate {
  readonly statuses: ReadonlyArray<number>
  readonly ms: number
  /** The most memory that the server has had, beyond what it had when it began to serve. */
  readonly grown: number
  /** How long each `/ping` took that was sent while the body was in flight. */
  readonly pings: ReadonlyArray<number>
}

const ping = (port: number, agent: Agent): Promise<number> =>
  new Promise((resolve, reject) => {
    const began = performance.now()
    get({ port, host: '127.0.0.1', path: '/ping', agent }, (res) => {
      res.resume().once('end', () => resolve(performance.now() - began))
    }).once('error', reject)
  })

const post = (port: number, { bytes, encoding }: Hostile): Promise<number> =>
  new Promise((resolve, reject) => {
    const asked = request({
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/invocations',
      headers: { 'content-length': bytes.length, ...(encoding === undefined ? {} : { 'content-encoding': encoding }) },
      agent: false,
    })
    asked.once('error', reject)
    asked.once('response', (res) => res.resume().once('end', () => resolve(res.statusCode ?? 0)))
    asked.end(bytes)
  })

/** A server in a process of its own. */
export interface Child {
  readonly port: number
  /** Its memory when it began to serve. */
  readonly idle: number
  /** The most memory that it has had. */
  readonly rss: () => Promise<number>
  readonly stop: () => Promise<void>
}

const told = async <A>(child: ChildProcess): Promise<A> => {
  const [message] = (await once(child, 'message')) as [A]
  return message
}

/** Starts a server in a process of its own. */
export const startChild = async (): Promise<Child> => {
  const child = fork(join(__dirname, 'bodiesChild.js'))
  const { port } = await told<{ readonly port: number }>(child)
  const rss = async (): Promise<number> => {
    const answer = told<{ readonly rss: number }>(child)
    child.send('rss')
    return (await answer).rss
  }
  await post(port, { bytes: Buffer.from('{}') })
  return {
    port,
    idle: await rss(),
    rss,
    stop: async () => {
      const gone = once(child, 'exit')
      child.disconnect()
      await gone
    },
  }
}

/** Sends a body so many times, one after the other, and asks for `/ping` all the while. */
export const fateOf = async (child: Child, body: Hostile, times: number): Promise<Fate> => {
  const agent = new Agent({ keepAlive: true })
  try {
    const pings: Array<number> = []
    const statuses = new Set<number>()
    let slowest = 0
    await ping(child.port, agent) // opens the connection
    for (let i = 0; i < times; i += 1) {
      const began = performance.now()
      const answered = { now: false }
      const asked = post(child.port, body).then((status) => {
        answered.now = true
        statuses.add(status)
        slowest = Math.max(slowest, performance.now() - began)
      })
      while (!answered.now) pings.push(await ping(child.port, agent))
      await asked
    }
    return { statuses: [...statuses], ms: slowest, grown: (await child.rss()) - child.idle, pings }
  } finally {
    agent.destroy()
  }
}

/** The value that so many of a hundred are not above. */
export const percentile = (values: ReadonlyArray<number>, of: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * of) / 100))] ?? 0
}
