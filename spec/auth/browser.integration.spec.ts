/** The WebSocket of a real browser, Debian's Chromium, with a token of a real provider. */
import { served } from '../http/support'
import { type Browser, describeHere, launch } from '../examples/chromium'
import { withJwt } from './guarded'
import { configOf, protocolsOf, withOidc } from './oidc'

/** What a page does: it offers subprotocols, and tells what it was told. */
const talk = (url: string, protocols: ReadonlyArray<string>): string => `new Promise((resolve) => {
  const ws = new WebSocket(${JSON.stringify(url)}, ${JSON.stringify(protocols)})
  const heard = []
  ws.onmessage = ({ data }) => heard.push(JSON.parse(data))
  ws.onclose = ({ code }) => resolve({ heard, code, protocol: ws.protocol })
})`

describeHere('the WebSocket of a browser', () => {
  let browser: Browser | undefined

  beforeAll(async () => {
    browser = await launch()
  }, 60_000)

  afterAll(() => browser?.close(), 30_000)

  it('is let in with a bearer token in its subprotocol, which is not echoed, and is refused without one', () =>
    withOidc({}, (oidc) =>
      served(
        withJwt(configOf({ discoveryUrl: oidc.discoveryUrl, allowedClients: ['caller'] })),
        async ({ port, lines }) => {
          const page = await browser?.newPage()
          const url = `ws://127.0.0.1:${port}/ws`
          const token = await oidc.token()
          expect(await page?.evaluate(talk(url, protocolsOf(token)))).toEqual({
            heard: [{ sub: 'caller', protocol: 'base64UrlBearerAuthorization' }],
            code: 1000,
            protocol: 'base64UrlBearerAuthorization',
          })
          const refused = { heard: [], code: 1006, protocol: '' }
          expect(await page?.evaluate(talk(url, protocolsOf(`${token}x`)))).toEqual(refused)
          expect(await page?.evaluate(talk(url, ['base64UrlBearerAuthorization']))).toEqual(refused)
          expect(await page?.evaluate(talk(url, []))).toEqual(refused)
          for (const secret of [token, ...protocolsOf(token).slice(0, 1)]) expect(lines.join('')).not.toContain(secret)
        },
        { allowedOrigins: ['null'] }, // as a blank page has it
      ),
    ))
})
