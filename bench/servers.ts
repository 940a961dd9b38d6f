/** The processes of contestants: each is ended by its own handle, whatever happens. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { IO } from 'fp-ts/IO'
import { argumentsOf, type Contestant } from './contestant'
import type { Prefix } from './pin'
import { connect, get } from './wire'

/** A contestant that has answered its first `/ping`. */
export interface Server {
  readonly name: Contestant
  readonly port: number
  /** Milliseconds from its spawn to that answer. */
  readonly ready: number
  /** Megabytes of resident memory; NaN where the system does not tell. */
  readonly rss: IO<number>
  readonly stop: () => Promise<void>
}

/** Starts contestants. */
export interface Servers {
  readonly start: (name: Contestant) => Promise<Server>
  /** Ends those that still run, and lets no other begin. */
  readonly close: () => Promise<void>
}

/** After how many milliseconds a contestant that does not answer is given up. */
const patience = 20_000

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a server that listens on a port has one
  server.close()
  await once(server, 'close')
  return port
}

const answersPing = async (port: number): Promise<boolean> => {
  try {
    const socket = await connect(port)
    socket.write(get('/ping'))
    const [data] = (await once(socket, 'data')) as [Buffer] // no encoding was set
    socket.destroy()
    return data.toString('latin1').startsWith('HTTP/1.1 200 ')
  } catch {
    return false // it does not listen yet
  }
}

const rssOf = (pid: number | undefined): number => {
  try {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid ?? 'self'}/status`, 'utf8'))?.[1]
    return Number(kilobytes) / 1024
  } catch {
    return NaN // no Linux
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null

const end = async (child: ChildProcess): Promise<void> => {
  if (hasEnded(child)) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

/** No contestant runs yet. `prefix` goes before each command. */
export const createServers = ([...prefix]: Prefix): Servers => {
  const running = new Set<ChildProcess>()
  let isClosed = false

  const start = async (name: Contestant): Promise<Server> => {
    const port = await freePort()
    if (isClosed) throw new Error('the run is over')
    const [command = process.execPath, ...args] = [...prefix, process.execPath, ...argumentsOf(name)]
    const began = performance.now()
    const child = spawn(command, args, {
      env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '', HOST: '127.0.0.1', PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'], // a log is written to a pipe, as a container's is
    })
    child.stdout.resume()
    running.add(child)
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      said = (said + part).slice(-2000)
    })
    child.once('error', (error) => (said += error.message))
    while (!(await answersPing(port))) {
      if (hasEnded(child) || performance.now() - began > patience) throw new Error(`${name} does not start: ${said}`)
      await sleep(1)
    }
    const ready = performance.now() - began
    const stop = async (): Promise<void> => {
      await end(child)
      running.delete(child)
    }
    return { name, port, ready, rss: () => rssOf(child.pid), stop }
  }

  const close = async (): Promise<void> => {
    isClosed = true
    await Promise.all([...running].map(end))
  }

  return { start, close }
}
