/**
 * A stand-in for AWS: `moto_server`, and before it a proxy that records every request, fills in what moto does not know
 * of AgentCore, and fails where a spec wants it to.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { answerCodeBuild, answerEcr, type Ask, type BuildState } from './codeBuild'
import { agentCore, json, type Reply, type ServiceState } from './agentCore'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A request that reached the stand-in. */
export interface Recorded {
  readonly service: string
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** What the proxy answers instead of moto. */
export interface Failure {
  readonly status: number
  readonly name: string
  readonly message: string
}

/** A stand-in for AWS. */
export interface StandIn {
  /** The variables of a process that takes it for AWS. */
  readonly env: Readonly<Record<string, string>>
  readonly requests: Array<Recorded>
  /** Answers requests while it gives a failure; undefined lets them through. */
  readonly failing: { with: (request: Recorded) => Failure | undefined }
  /** Cuts the connection of a request in the middle of its body. */
  readonly cutting: { if: (method: string, path: string) => boolean }
  readonly state: ServiceState
  /** How CodeBuild builds, and what it has built. */
  readonly builds: BuildState
  /** Asks moto itself, of which nothing is recorded. */
  readonly ask: Ask
  readonly reset: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Whether this machine has moto. */
export const hasMoto = (): boolean => spawnSync('moto_server', ['--help']).status === 0

// ---------------------------------------------------------------------------------------------------------------------
// moto
// ---------------------------------------------------------------------------------------------------------------------

const startMoto = async (): Promise<{ readonly child: ChildProcess; readonly port: number }> => {
  const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', '0'], { stdio: ['ignore', 'pipe', 'pipe'] })
  const port = await new Promise<number>((resolve, reject) => {
    let text = ''
    const read = (data: Buffer): void => {
      text += data.toString('utf8')
      const found = /Running on http:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1]
      if (found !== undefined) resolve(Number(found))
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', () => reject(new Error(`moto has ended: ${text}`)))
  })
  return { child, port }
}

// ---------------------------------------------------------------------------------------------------------------------
// the proxy
// ---------------------------------------------------------------------------------------------------------------------

const runtimePath = /^\/runtimes\/([^/?]+)\/?$/
const endpointPath = /^\/runtimes\/([^/?]+)\/runtime-endpoints\/([^/?]+)\/?$/

/** Services whose answers are JSON, with the name of a failure in the body. */
const inJson = ['codebuild', 'ecr', 'logs']

const failureReply = ({ service }: Recorded, { status, name, message }: Failure): Reply => {
  if (service === 'bedrock-agentcore') return json(status, { message }, name)
  if (inJson.includes(service)) return json(status, { __type: name, message })
  return {
    status,
    headers: { 'content-type': 'application/xml' },
    body: Buffer.from(
      service === 's3'
        ? `<Error><Code>${name}</Code><Message>${message}</Message></Error>`
        : `<ErrorResponse><Error><Type>Sender</Type><Code>${name}</Code><Message>${message}</Message></Error></ErrorResponse>`,
    ),
  }
}

/** Starts the stand-in. */
export const standIn = async (): Promise<StandIn> => {
  const { child, port } = await startMoto()
  const requests: StandIn['requests'] = []
  const failing: StandIn['failing'] = { with: () => undefined }
  const cutting: StandIn['cutting'] = { if: () => false }
  const state: StandIn['state'] = { failedAs: undefined }

  const toMoto = async (
    path: string,
    method: string,
    headers: IncomingMessage['headers'],
    body: Buffer,
  ): Promise<Reply> => {
    const {
      host: _,
      connection: __,
      'content-length': ___,
      expect: ____,
      'transfer-encoding': _____,
      ...rest
    } = headers
    const given = Object.entries(rest).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: Object.fromEntries(given) as Record<string, string>,
      ...(method === 'GET' || method === 'HEAD' ? {} : { body }),
    })
    const answer = Buffer.from(await response.arrayBuffer())
    const kept = [...response.headers].filter(
      ([name]) => !/^(content-(length|encoding)|transfer-encoding|connection)$/.test(name),
    )
    return { status: response.status, headers: Object.fromEntries(kept), body: answer }
  }

  const service = agentCore(({ path, method, headers, body }) => toMoto(path, method, headers, body), state)

  const builds: BuildState = { builds: [], fails: undefined, isHeld: false, registry: undefined }

  const ask: Ask = (name, target, body) => {
    const scope = `test/20260101/eu-west-1/${name}/aws4_request`
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': target,
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
    }
    return toMoto('/', 'POST', headers, Buffer.from(JSON.stringify(body)))
  }

  const answer = async (recorded: Recorded, body: Buffer): Promise<Reply> => {
    const { method, path, headers, service: name } = recorded
    if (name === 'bedrock-agentcore') return service.answer({ method, path, headers, body })
    const played =
      name === 'codebuild'
        ? answerCodeBuild(recorded, builds, ask)
        : name === 'ecr'
          ? answerEcr(recorded, builds)
          : undefined
    return (await played) ?? toMoto(path, method, headers, body)
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url: path = '/', headers } = request
    if (cutting.if(method, path)) {
      request.once('data', () => request.socket.destroy())
      return
    }
    const body = await buffer(request)
    const signedFor =
      /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '')?.[1] ??
      (headers.authorization?.startsWith('Bearer ') === true ? 'bedrock-agentcore' : '')
    const text = path.includes('.zip') ? '' : body.toString('utf8')
    const recorded: Recorded = { service: signedFor, method, path, headers, body: text }
    requests.push(recorded)
    const failure = failing.with(recorded)
    const reply = failure === undefined ? await answer(recorded, body) : failureReply(recorded, failure)
    response.writeHead(reply.status, {
      ...reply.headers,
      ...(method === 'HEAD' ? {} : { 'content-length': reply.body.length }),
    })
    response.end(method === 'HEAD' ? undefined : reply.body)
  }

  const server: Server = createServer((request, response) => {
    handle(request, response).catch((cause: unknown) => {
      response.writeHead(599)
      response.end(String(cause))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: own } = server.address() as AddressInfo
  return {
    env: {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${own}`,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    },
    requests,
    failing,
    cutting,
    state,
    builds,
    ask,
    reset: async () => {
      await fetch(`http://127.0.0.1:${port}/moto-api/reset`, { method: 'POST' })
      requests.length = 0
      failing.with = () => undefined
      cutting.if = () => false
      state.failedAs = undefined
      service.reset()
      Object.assign(builds, { fails: undefined, isHeld: false, registry: undefined })
      builds.builds.length = 0
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// operations of the control plane
// ---------------------------------------------------------------------------------------------------------------------

const operations: ReadonlyArray<readonly [method: string, path: RegExp, name: string]> = [
  ['PUT', /^\/runtimes\/?$/, 'CreateAgentRuntime'],
  ['POST', /^\/runtimes\/?$/, 'ListAgentRuntimes'],
  ['GET', runtimePath, 'GetAgentRuntime'],
  ['PUT', runtimePath, 'UpdateAgentRuntime'],
  ['DELETE', runtimePath, 'DeleteAgentRuntime'],
  ['GET', endpointPath, 'GetAgentRuntimeEndpoint'],
  ['DELETE', endpointPath, 'DeleteAgentRuntimeEndpoint'],
  ['PUT', endpointPath, 'UpdateAgentRuntimeEndpoint'],
  ['PUT', /^\/runtimes\/([^/]+)\/runtime-endpoints\/?$/, 'CreateAgentRuntimeEndpoint'],
  ['POST', /^\/runtimes\/([^/]+)\/runtime-endpoints\/?$/, 'ListAgentRuntimeEndpoints'],
  ['POST', /^\/runtimes\/([^/]+)\/versions\/?$/, 'ListAgentRuntimeVersions'],
]

/** The operation of a request to the control plane. */
export const operationOf = ({ method, path }: Recorded): string =>
  operations.find(([verb, pattern]) => verb === method && pattern.test(path.replace(/\?.*$/, '')))?.[2] ?? 'unknown'
