/** What the local runtime adds to an agent: the same load straight to the agent and through a runtime, in turn. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bodyOf, requestsPerSecond } from './exchanges'
import type { Servers } from './servers'
import { median } from './statistics'
import { eventsPerSecond } from './streams'
import { connect } from './wire'
import { wrong } from './wrong'

/** One figure, and the bound that it has to keep. */
export interface Finding {
  readonly name: string
  readonly unit: string
  readonly value: number
  readonly bound: number
  readonly better: 'more' | 'less'
}

interface Place {
  readonly port: number
  readonly arn: string
}

const cycles = 7

const sessionOf = (name: string): string => `bench-session-${name}`.padEnd(40, '-')

const invocation = (path: string, session: string, body: string): Buffer =>
  Buffer.from(
    [
      `POST ${path} HTTP/1.1`,
      'host: 127.0.0.1',
      `x-amzn-bedrock-agentcore-runtime-session-id: ${session}`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  )

const pathOf = ({ arn }: Place): string => `/runtimes/${encodeURIComponent(arn)}/invocations`

/** Milliseconds of one invocation on a new connection. */
const once1 = async (port: number, question: Buffer): Promise<number> => {
  const socket = await connect(port)
  const began = performance.now()
  socket.write(question)
  const [data] = (await once(socket, 'data')) as [Buffer] // no encoding was set
  socket.destroy()
  if (!data.toString('latin1').startsWith('HTTP/1.1 200 ')) throw wrong('an invocation', data)
  return performance.now() - began
}

/** The median of so many invocations, one after the other on one connection, in milliseconds. */
const latency = async (port: number, question: Buffer, count: number): Promise<number> => {
  const socket = await connect(port)
  const all: Array<number> = []
  while (all.length < count) {
    const began = performance.now()
    socket.write(question)
    await once(socket, 'data')
    all.push(performance.now() - began)
  }
  socket.destroy()
  return median(all)
}

const startRuntime = async (folder: string) => {
  const child = spawn(process.execPath, [join(__dirname, 'localRuntime.js'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const stop = async (): Promise<void> => {
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    await exit
  }
  return { place: JSON.parse(line.toString()) as Place, stop }
}

const memoryOf = async ({ port }: Place): Promise<number> => {
  const shown = (await (await fetch(`http://127.0.0.1:${port}/`)).json()) as {
    readonly sessions: ReadonlyArray<{ readonly memory: number | null }>
  }
  return shown.sessions.reduce((sum, { memory }) => sum + (memory ?? 0), 0) / 1_000_000
}

const ratiosOf = async (take: (port: number) => Promise<number>, direct: number, via: number): Promise<number> => {
  const ratios: Array<number> = []
  for (let i = 0; i < cycles; i++) {
    const [base, ours] = [await take(direct), await take(via)]
    ratios.push(ours / base)
  }
  return median(ratios)
}

/** How many sessions there are at once. */
const crowd = 50

const measure = async (
  servers: Servers,
  place: Place,
  note: (text: string) => void,
): Promise<ReadonlyArray<Finding>> => {
  const direct = await servers.start('plain')
  const path = pathOf(place)
  const body = bodyOf(100)
  const session = sessionOf('0123456789')
  const questions = new Map([
    [direct.port, invocation('/invocations', session, body)],
    [place.port, invocation(path, session, body)],
  ])
  const questionTo = (port: number): Buffer => questions.get(port) ?? Buffer.alloc(0)
  const isBody = (text: string): boolean => text.startsWith('{"result":"You said: ')
  const rate = (port: number): Promise<number> => requestsPerSecond(port, questionTo(port), isBody, 50, 400)

  await once1(place.port, questionTo(place.port))
  for (let i = 0; i < 3; i++) for (const port of [direct.port, place.port]) await rate(port)
  note('local runtime: an invocation')
  const added: Array<number> = []
  for (let i = 0; i < cycles; i++) {
    const base = await latency(direct.port, questionTo(direct.port), 300)
    added.push((await latency(place.port, questionTo(place.port), 300)) - base)
  }
  note('local runtime: throughput')
  const throughput = await ratiosOf(rate, direct.port, place.port)
  note('local runtime: streams')
  const one = await ratiosOf((port) => eventsPerSecond(port, 1, 1_000_000, false, 300), direct.port, place.port)
  const many = await ratiosOf((port) => eventsPerSecond(port, 50, 400, true, 400), direct.port, place.port)
  await direct.stop()
  note('local runtime: new sessions')
  const late: Array<number> = []
  for (let i = 0; i < cycles; i++) {
    const alone = await servers.start('plain')
    await alone.stop()
    late.push((await once1(place.port, invocation(path, sessionOf(`new-${i}`), body))) - alone.ready)
  }
  note(`local runtime: ${crowd} sessions at once`)
  const began = performance.now()
  const fresh = Array.from({ length: crowd }, (_, i) => invocation(path, sessionOf(`crowd-${i}`), body))
  await Promise.all(fresh.map((question) => once1(place.port, question)))
  const seconds = (performance.now() - began) / 1000
  await Promise.all(fresh.map((question) => once1(place.port, question)))
  const memory = await memoryOf(place)
  return [
    { name: 'added to the median of an invocation', unit: 'ms', value: median(added), bound: 1, better: 'less' },
    { name: 'requests/s, 50 connections', unit: '× direct', value: throughput, bound: 0.5, better: 'more' },
    { name: 'events/s, 1 stream', unit: '× direct', value: one, bound: 0.5, better: 'more' },
    { name: 'events/s, 50 streams, an event a turn', unit: '× direct', value: many, bound: 0.5, better: 'more' },
    {
      name: 'first answer of a session, beyond spawn to ping',
      unit: 'ms',
      value: median(late),
      bound: 100,
      better: 'less',
    },
    { name: `${crowd} new sessions at once, all answered`, unit: 's', value: seconds, bound: 30, better: 'less' },
    { name: `memory of these and ${cycles + 1} more`, unit: 'MB', value: memory, bound: 8000, better: 'less' },
  ]
}

/** Measures a runtime in a folder that is gone afterwards. */
export const benchLocal = async (servers: Servers, note: (text: string) => void): Promise<ReadonlyArray<Finding>> => {
  const folder = mkdtempSync(join(tmpdir(), 'agentcore-bench-'))
  const { place, stop } = await startRuntime(folder)
  try {
    return await measure(servers, place, note)
  } finally {
    await stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The findings as a table. */
export const localTable = (findings: ReadonlyArray<Finding>): string => {
  const width = Math.max(...findings.map(({ name, unit }) => name.length + unit.length + 2))
  const lines = findings.map(({ name, unit, value, bound, better }) => {
    const isKept = better === 'less' ? value <= bound : value >= bound
    const wanted = `${better === 'less' ? '≤' : '≥'} ${bound}`
    return `${`${name}, ${unit}`.padEnd(width)}   ${value.toPrecision(3).padStart(6)}   ${wanted.padStart(7)}   ${isKept ? 'kept' : 'NOT KEPT'}`
  })
  return ['the local runtime, against the agent alone', ...lines, '', ''].join('\n')
}
