/** A client for `/ws` that stands on nothing but Node's own WebSocket. Run as a child, since Node 20 has it behind a flag. */

/** As much of the WebSocket of the web as this client uses. */
interface WebSocketOfTheWeb {
  readonly protocol: string
  readonly send: (data: string) => void
  readonly close: (code: number) => void
  readonly addEventListener: (
    type: 'open' | 'message' | 'close' | 'error',
    f: (event: { readonly data: string; readonly code: number; readonly wasClean: boolean }) => void,
  ) => void
}

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const talk = (ws: WebSocketOfTheWeb): void => {
  const heard: Array<unknown> = []
  ws.addEventListener('open', () => {
    ws.send('"hello"')
    ws.send('{"n":2}')
  })
  ws.addEventListener('message', ({ data }) => {
    if (heard.push(JSON.parse(data)) < 2) return
    say(`heard ${JSON.stringify(heard)} with ${ws.protocol}`)
    ws.close(1000)
  })
  ws.addEventListener('close', ({ code, wasClean }) => say(`closed ${code} ${wasClean}`))
  ws.addEventListener('error', () => say('error'))
}

const global: object = globalThis
if ('WebSocket' in global) {
  // @types/node of Node 20 does not know it yet.
  const WebSocket = global.WebSocket as new (url: string, protocols: ReadonlyArray<string>) => WebSocketOfTheWeb
  talk(new WebSocket(process.argv[2] ?? '', ['chat']))
}
