/**
 * A stand-in for AWS: `moto_server`, and before it a proxy that records every request, fills in what moto does not know
 * of AgentCore, and fails where a spec wants it to.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
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
  readonly state: ServiceState
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

/** Fields of JSON, which are looked at and changed by name. */
type Fields = Record<string, unknown>

const runtimePath = /^\/runtimes\/([^/?]+)\/?$/
const endpointPath = /^\/runtimes\/([^/?]+)\/runtime-endpoints\/([^/?]+)\/?$/

const failureReply = ({ service }: Recorded, { status, name, message }: Failure): Reply =>
  service === 'bedrock-agentcore'
    ? json(status, { message }, name)
    : {
        status,
        headers: { 'content-type': 'application/xml' },
        body: Buffer.from(
          service === 's3'
            ? `<Error><Code>${name}</Code><Message>${message}</Message></Error>`
            : `<ErrorResponse><Error><Type>Sender</Type><Code>${name}</Code><Message>${message}</Message></Error></ErrorResponse>`,
        ),
      }

/** Starts the stand-in. */
export const standIn = async (): Promise<StandIn> => {
  const { child, port } = await startMoto()
  const requests: StandIn['requests'] = []
  const failing: StandIn['failing'] = { with: () => undefined }
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

  const answer = ({ method, path, headers, service: name }: Recorded, body: Buffer): Promise<Reply> =>
    name === 'bedrock-agentcore' ? service.answer({ method, path, headers, body }) : toMoto(path, method, headers, body)

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(request)
    const { method = 'GET', url: path = '/', headers } = request
    const signedFor = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? ''
    const text = signedFor === 's3' ? '' : body.toString('utf8')
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
    state,
    reset: async () => {
      await fetch(`http://127.0.0.1:${port}/moto-api/reset`, { method: 'POST' })
      requests.length = 0
      failing.with = () => undefined
      state.failedAs = undefined
      service.reset()
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
// the service's own model
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

/** Judges parameters by botocore's model of the service: names, types, lengths and patterns. */
const judge = `
import json, re, sys
import botocore.session
from botocore.validate import ParamValidator
model = botocore.session.get_session().get_service_model('bedrock-agentcore-control')
faults = []
def patterns(shape, value, at):
    if shape.type_name == 'structure':
        for name, inner in value.items():
            if name in shape.members: patterns(shape.members[name], inner, at + '.' + name)
            else: faults.append(at + '.' + name + ' is unknown')
    elif shape.type_name == 'list':
        for inner in value: patterns(shape.member, inner, at + '[]')
    elif shape.type_name == 'map':
        for inner in value.values(): patterns(shape.value, inner, at + '{}')
    elif shape.type_name == 'string':
        pattern = shape.metadata.get('pattern')
        if pattern and not re.fullmatch(pattern, value): faults.append(at + ': ' + value + ' does not match ' + pattern)
        if shape.enum and value not in shape.enum: faults.append(at + ': ' + value + ' is not one of ' + str(shape.enum))
for name, params in json.load(sys.stdin):
    shape = model.operation_model(name).input_shape
    report = ParamValidator().validate(params, shape)
    if report.has_errors(): faults.append(name + ': ' + report.generate_report())
    patterns(shape, params, name)
print(json.dumps(faults))
`

/** What the model of the service finds wrong with requests to the control plane. */
export const faultsOf = (requests: ReadonlyArray<Recorded>): ReadonlyArray<string> => {
  const calls = requests
    .filter(({ service }) => service === 'bedrock-agentcore')
    .map((request) => {
      const path = request.path.replace(/\?.*$/, '')
      const [, id, endpointName] = endpointPath.exec(path) ?? /^\/runtimes\/([^/]+)/.exec(path) ?? []
      return [
        operationOf(request),
        {
          ...(request.body === '' ? {} : (JSON.parse(request.body) as Fields)),
          ...(id === undefined ? {} : { agentRuntimeId: decodeURIComponent(id) }),
          ...(endpointName === undefined ? {} : { endpointName }),
        },
      ]
    })
  return JSON.parse(
    execFileSync('python3', ['-c', judge], { input: JSON.stringify(calls), encoding: 'utf8' }),
  ) as ReadonlyArray<string>
}
