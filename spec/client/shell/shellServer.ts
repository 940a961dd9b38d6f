/** A stand-in for the shells of AgentCore: their frames over `ws`, a real bash behind each, which outlives connections. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as E from 'fp-ts/Either'
import { type WebSocket, WebSocketServer } from 'ws'
import { decode, encode, type ShellFrame, type Size, toStatus } from '../../../lib/client/shell/ShellFrame'

interface Bash {
  readonly child: ChildProcess
  /** What it has said while nobody was connected. */
  readonly replay: Array<ShellFrame>
  ws: WebSocket | undefined
}

/** What the stand-in has seen. */
export interface Seen {
  readonly urls: Array<string>
  readonly frames: Array<ShellFrame>
  readonly sizes: Array<Size>
  /** Says something on every connection. */
  readonly say: (data: string | Uint8Array) => void
  readonly close: (code: number) => void
  /** Cuts every connection off. */
  readonly cut: () => void
}

/** What it leaves out. */
export interface Manners {
  readonly header?: boolean
  readonly status?: boolean
}

/** The stand-in while `use` runs. */
export const shells = async (
  use: (url: string, seen: Seen) => Promise<void>,
  { header = true, status = true }: Manners = {},
): Promise<void> => {
  const running = new Map<string, Bash>()
  const http = createServer()
  const server = new WebSocketServer({ server: http, maxPayload: 65_536 })
  const seen: Seen = {
    ...{ urls: [], frames: [], sizes: [] },
    say: (data) => server.clients.forEach((ws) => ws.send(data)),
    close: (code) => server.clients.forEach((ws) => ws.close(code)),
    cut: () => server.clients.forEach((ws) => ws.terminate()),
  }

  const say = (bash: Bash, frame: ShellFrame): void => {
    if (bash.ws === undefined) bash.replay.push(frame)
    else bash.ws.send(encode(frame))
  }

  const started = (id: string): Bash => {
    const bash: Bash = { child: spawn('bash', [], { stdio: 'pipe' }), replay: [], ws: undefined }
    bash.child.stdout?.on('data', (data: Buffer) => say(bash, { _tag: 'Stdout', data }))
    bash.child.stderr?.on('data', (data: Buffer) => say(bash, { _tag: 'Stderr', data }))
    bash.child.stdin?.on('error', () => undefined)
    bash.child.once('close', (code) => {
      running.delete(id)
      const details = { causes: [{ reason: 'ExitCode', message: String(code) }] }
      const raw = code === 0 ? { status: 'Success' } : { status: 'Failure', reason: 'NonZeroExitCode', details }
      say(bash, { _tag: 'Status', status: toStatus(raw) })
      bash.ws?.close(1000)
    })
    running.set(id, bash)
    return bash
  }

  const hear = (bash: Bash, frame: ShellFrame): void => {
    seen.frames.push(frame)
    if (frame._tag === 'Stdin') bash.child.stdin?.write(frame.data)
    if (frame._tag === 'Resize') seen.sizes.push(frame.size)
    if (frame._tag === 'Close') bash.child.kill('SIGKILL')
  }

  const named = new WeakMap<object, string>()
  server.on('headers', (lines, request) => {
    const id = new URL(request.url ?? '/', 'http://x').searchParams.get('shellId') ?? `made-${seen.urls.length}`
    named.set(request, id)
    if (header) lines.push(`X-Amzn-Bedrock-AgentCore-Shell-Id: ${id}`)
  })
  server.on('connection', (ws, request) => {
    const id = named.get(request) ?? ''
    seen.urls.push(request.url ?? '')
    const known = running.get(id)
    const bash = known ?? started(id)
    bash.ws?.close(4000)
    bash.ws = ws
    const raw = { status: 'Success', metadata: { shellId: id, reconnected: known !== undefined } }
    if (status) ws.send(encode({ _tag: 'Status', status: toStatus(raw) }))
    for (const frame of bash.replay.splice(0)) ws.send(encode(frame))
    ws.on('close', () => {
      if (bash.ws === ws) bash.ws = undefined
    })
    ws.on('error', () => undefined)
    ws.on('message', (data: Buffer, isBinary) => {
      const frame = decode(data)
      if (isBinary && E.isRight(frame)) hear(bash, frame.right)
      else ws.close(1003)
    })
  })

  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  try {
    await use(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, seen)
  } finally {
    for (const { child } of running.values()) {
      child.kill('SIGKILL')
      await once(child, 'close')
    }
    seen.cut()
    http.close()
  }
}
