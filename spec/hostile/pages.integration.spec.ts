/** Pages in a real browser, which try to call every listener of this package on this machine. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, describeHere, launchWith, type Page } from '../examples/chromium'
import { type Target, withTargets } from './targets'

/** What a page has found out: what it could read, and how each try ended. */
interface Outcome {
  readonly read: ReadonlyArray<string>
  readonly tried: number
}

/** A page tries all that a page can; what it reads of an answer, or of a socket, is a finding. */
const attack = `async (targets) => {
  const read = []
  let tried = 0
  const note = (what, text) => { tried += 1; if (text !== undefined) read.push(what + ': ' + text) }
  const attempt = (what, get) => get().then((text) => note(what, text), () => note(what, undefined))
  const within = (ms, promise) => Promise.race([promise, new Promise((resolve) => setTimeout(resolve, ms))])
  const form = (url, body) => new Promise((resolve) => {
    const frame = document.createElement('iframe')
    frame.name = 'f' + Math.random()
    document.body.append(frame)
    const form = document.createElement('form')
    Object.assign(form, { action: url, method: 'post', enctype: 'text/plain', target: frame.name })
    const input = document.createElement('input')
    Object.assign(input, { name: body, value: '' })
    form.append(input)
    document.body.append(form)
    frame.addEventListener('load', () => {
      // A page that takes the listener for its own may read a refusal, which tells it nothing.
      const isRefusal = (text) => /is not allowed|accepts requests only/.test(text)
      try {
        const text = frame.contentDocument?.body.innerText
        resolve(text && !isRefusal(text) ? text : undefined)
      } catch { resolve(undefined) }
    })
    form.submit()
    setTimeout(resolve, 2000)
  })
  const image = (url) => new Promise((resolve) => {
    const image = new Image()
    image.onload = () => resolve('an image')
    image.onerror = () => resolve(undefined)
    image.src = url
  })
  const socket = (url) => new Promise((resolve) => {
    const socket = new WebSocket(url)
    socket.onopen = () => socket.send('"hello"')
    socket.onmessage = ({ data }) => { socket.close(); resolve(data) }
    socket.onerror = () => resolve(undefined)
  })
  for (const { name, base, invocations, socket: path, reads } of targets) {
    const url = base + invocations
    await attempt(name + ' no-cors', async () => {
      const answer = await fetch(url, { method: 'POST', mode: 'no-cors', headers: { 'content-type': 'text/plain' }, body: '{}' })
      return answer.type === 'opaque' ? undefined : answer.ok ? answer.text() : undefined
    })
    await attempt(name + ' json', async () => {
      const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
      return answer.ok ? answer.text() : undefined
    })
    await attempt(name + ' beacon', async () => void navigator.sendBeacon(url, '{}'))
    await attempt(name + ' form', () => form(url, '{"a":"'))
    await attempt(name + ' socket', () => within(3000, socket(base.replace('http', 'ws') + path)))
    for (const path of reads) {
      await attempt(name + ' read ' + path, async () => {
        const answer = await fetch(base + path)
        return answer.ok ? answer.text() : undefined
      })
      await attempt(name + ' image ' + path, () => image(base + path))
    }
  }
  return { read, tried }
}`

const isTold = (value: unknown): value is Outcome =>
  typeof value === 'object' && value !== null && 'read' in value && 'tried' in value

/** Runs the attack in a page, or in a frame of it that has no origin. */
const run = async (
  page: Page,
  targets: ReadonlyArray<Target>,
  hostOf: (target: Target) => string,
): Promise<Outcome> => {
  const told = targets.map(({ name, invocations, socket, reads, ...target }) => ({
    name,
    invocations,
    socket,
    reads,
    base: `http://${hostOf({ name, invocations, socket, reads, ...target })}`,
  }))
  const outcome = await page.evaluate(`(${attack})(${JSON.stringify(told)})`)
  if (!isTold(outcome)) throw new Error(`the page says ${JSON.stringify(outcome)}`)
  return outcome
}

const inFrame = `(source) => new Promise((resolve) => {
  addEventListener('message', ({ data }) => resolve(data))
  const frame = document.createElement('iframe')
  frame.sandbox = 'allow-scripts allow-forms'
  frame.srcdoc = '<body><script>(' + source + ')().then((told) => parent.postMessage(told, "*"))</scr' + 'ipt>'
  document.body.append(frame)
})`

/** A page of another port, as any other dev server has them. */
const withPage = async (use: (url: string) => Promise<void>): Promise<void> => {
  const server = createServer((_, res) =>
    res.setHeader('content-type', 'text/html').end('<!doctype html><title>page</title><body>'),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const strict = { allowedHosts: [], allowedOrigins: [] } as const

const here = ({ port }: Target): string => `127.0.0.1:${port}`

const counts = (targets: ReadonlyArray<Target>): ReadonlyArray<readonly [string, number, number]> =>
  targets.map(({ name, ran, sessions }) => [name, ran(), sessions()] as const)

describeHere('web pages in Chromium', () => {
  let browser: Browser | undefined

  beforeAll(async () => {
    // Without the browser's own protection, which most browsers do not have.
    browser = await launchWith([
      '--host-resolver-rules=MAP rebind.test 127.0.0.1, MAP *.evil.test 127.0.0.1',
      '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests,PrivateNetworkAccessSendPreflights',
    ])
  }, 60_000)

  afterAll(() => browser?.close(), 30_000)

  const open = async (url: string): Promise<Page> => {
    if (browser === undefined) throw new Error('there is no browser')
    const page = await browser.newPage()
    await page.goto(url)
    return page
  }

  /** Lets a page try; nothing may have run, and nothing may have been read. */
  const nothingComesOfIt = async (
    targets: ReadonlyArray<Target>,
    attempt: () => Promise<Outcome>,
    least: number,
  ): Promise<void> => {
    const before = counts(targets)
    const { read, tried } = await attempt()
    expect(read).toEqual([])
    expect(tried).toBeGreaterThanOrEqual(least)
    expect(counts(targets)).toEqual(before)
  }

  it(
    'of another port or name reach no handler of any listener, and read nothing',
    () =>
      withTargets(strict, (targets) =>
        withPage(async (url) => {
          const least = targets.length * 7
          const ofPort = await open(url)
          await nothingComesOfIt(targets, () => run(ofPort, targets, here), least)
          const ofName = await open(url.replace('127.0.0.1', 'www.evil.test'))
          await nothingComesOfIt(targets, () => run(ofName, targets, here), least)
          const byLocalhost = await open(url.replace('127.0.0.1', 'localhost'))
          await nothingComesOfIt(targets, () => run(byLocalhost, targets, ({ port }) => `localhost:${port}`), least)
        }),
      ),
    180_000,
  )

  it(
    'without an origin reach no handler of any listener, and read nothing',
    () =>
      withTargets(strict, (targets) =>
        withPage(async (url) => {
          const page = await open(url)
          const told = targets.map(({ name, invocations, socket, reads, port }) => ({
            name,
            invocations,
            socket,
            reads,
            base: `http://127.0.0.1:${port}`,
          }))
          const source = `() => (${attack})(${JSON.stringify(told)})`
          await nothingComesOfIt(
            targets,
            async () => {
              const outcome = await page.evaluate(`(${inFrame})(${JSON.stringify(source)})`)
              if (!isTold(outcome)) throw new Error(`the frame says ${JSON.stringify(outcome)}`)
              return outcome
            },
            targets.length * 7,
          )
        }),
      ),
    120_000,
  )

  it(
    'of a name that is made to resolve to this machine read nothing of a listener that they take for their own',
    () =>
      withTargets(strict, async (targets) => {
        for (const target of targets) {
          const page = await open(`http://rebind.test:${target.port}/`)
          const shown = await page.evaluate('document.body.innerText')
          expect(String(shown)).toMatch(/FORBIDDEN_HOST|FORBIDDEN_CALLER|is not allowed/)
          await nothingComesOfIt([target], () => run(page, [target], ({ port }) => `rebind.test:${port}`), 7)
        }
      }),
    180_000,
  )

  it(
    'of the listener itself, and of an allowed origin, call the agent',
    () =>
      withPage((url) =>
        withTargets({ allowedHosts: [], allowedOrigins: [url] }, async (targets) => {
          for (const target of targets.filter(({ isPrivate }) => !isPrivate)) {
            const own = await open(`http://127.0.0.1:${target.port}/ping`)
            const ofOwn = await run(own, [target], here)
            expect(ofOwn.read).toContainEqual(expect.stringMatching(/ json: .*of the tool/))
            expect(ofOwn.read).toContainEqual(expect.stringMatching(/ socket: .*hello/))
            const allowed = await run(await open(url), [target], here)
            expect(allowed.read).toContainEqual(expect.stringMatching(/ socket: .*hello/))
            const other = await run(await open(url.replace('127.0.0.1', 'localhost')), [target], here)
            expect(other.read).toEqual([])
          }
        }),
      ),
    180_000,
  )
})
