/**
 * What AgentCore does and moto does not: an update replaces every setting, versions stay readable, endpoints have versions
 * and go through states, `DEFAULT` follows the newest version, names are taken once, and lists come in pages.
 */
import type { IncomingHttpHeaders } from 'node:http'

/** An answer of the service. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** A request to the control plane. */
export interface ControlRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Fields of JSON, which are looked at and changed by name. */
type Fields = Record<string, unknown>

interface Endpoint {
  live: string
  target: string
  isBusy: boolean
}

interface Runtime {
  readonly versions: Map<string, Fields>
  readonly endpoints: Map<string, Endpoint>
}

/** How a runtime is to fail; given out by the next look at any runtime. */
export interface ServiceState {
  failedAs: { readonly status: string; readonly reason: string } | undefined
}

/** How many entries a page has: few, so that every list has several. */
const pageSize = 2

/** An answer in JSON, with the name of an exception if it is one. */
export const json = (status: number, value: unknown, name?: string): Reply => ({
  status,
  headers: { 'content-type': 'application/json', ...(name === undefined ? {} : { 'x-amzn-errortype': name }) },
  body: Buffer.from(JSON.stringify(value)),
})

const refused = (status: number, name: string, message: string): Reply => json(status, { message }, name)

const notFound = (what: string): Reply => refused(404, 'ResourceNotFoundException', `There is no ${what}`)

const parsed = (body: Buffer): Fields => (body.length === 0 ? {} : (JSON.parse(body.toString('utf8')) as Fields))

/** What a runtime has of its own; all else is told by the request that made its version. */
const identity = ['agentRuntimeId', 'agentRuntimeName', 'createdAt', 'lastUpdatedAt', 'workloadIdentityDetails']

const times = { createdAt: '2026-01-01T00:00:00Z', lastUpdatedAt: '2026-01-02T00:00:00Z' }

const page = (name: string, all: ReadonlyArray<unknown>, path: string): Reply => {
  const from = Number(new URL(path, 'http://x').searchParams.get('nextToken') ?? '0')
  const more = from + pageSize < all.length ? { nextToken: String(from + pageSize) } : {}
  return json(200, { [name]: all.slice(from, from + pageSize), ...more })
}

/** The control plane before moto, which keeps the runtimes. */
export const agentCore = (
  toMoto: (request: ControlRequest) => Promise<Reply>,
  state: ServiceState,
): { readonly answer: (request: ControlRequest) => Promise<Reply>; readonly reset: () => void } => {
  const runtimes = new Map<string, Runtime>()

  const regionOf = ({ headers }: ControlRequest): string =>
    /\/\d{8}\/([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? ''

  const arnOf = (request: ControlRequest, id: string): string =>
    `arn:aws:bedrock-agentcore:${regionOf(request)}:123456789012:runtime/${id}`

  const newest = (runtime: Runtime): string => String(runtime.versions.size)

  const described = (request: ControlRequest, id: string, runtime: Runtime, moto: Fields, version: string): Fields => {
    const { lifecycleConfiguration, clientToken: _, ...settings } = runtime.versions.get(version) ?? {}
    const failed = state.failedAs
    return {
      ...Object.fromEntries(identity.map((name) => [name, moto[name]])),
      ...settings,
      lifecycleConfiguration: {
        idleRuntimeSessionTimeout: 900,
        maxLifetime: 28800,
        ...(lifecycleConfiguration as Fields),
      },
      agentRuntimeId: id,
      agentRuntimeArn: arnOf(request, id),
      agentRuntimeVersion: version,
      status: moto['status'] === 'UPDATING' ? 'READY' : moto['status'],
      ...(failed === undefined ? {} : { status: failed.status, failureReason: failed.reason }),
    }
  }

  const changed = async (request: ControlRequest, id?: string): Promise<Reply> => {
    const reply = await toMoto(request)
    if (reply.status >= 300) return reply
    const moto = parsed(reply.body)
    const found = id ?? String(moto['agentRuntimeId'])
    const runtime = runtimes.get(found) ?? { versions: new Map<string, Fields>(), endpoints: new Map() }
    runtimes.set(found, runtime)
    runtime.versions.set(String(runtime.versions.size + 1), parsed(request.body))
    return json(reply.status, {
      ...moto,
      agentRuntimeId: found,
      agentRuntimeArn: arnOf(request, found),
      agentRuntimeVersion: newest(runtime),
    })
  }

  const createRuntime = async (request: ControlRequest): Promise<Reply> => {
    const { agentRuntimeName } = parsed(request.body)
    const list = await toMoto({ ...request, method: 'POST', body: Buffer.from('{}') })
    const { agentRuntimes = [] } = parsed(list.body) as { agentRuntimes?: ReadonlyArray<Fields> }
    return agentRuntimes.some((found) => found['agentRuntimeName'] === agentRuntimeName)
      ? refused(409, 'ConflictException', 'An agent with this name already exists')
      : changed(request)
  }

  const readRuntime = async (request: ControlRequest, id: string, runtime: Runtime): Promise<Reply> => {
    const reply = await toMoto({ ...request, path: request.path.replace(/\?.*$/, '') })
    if (reply.status >= 300) return reply
    const version = new URL(request.path, 'http://x').searchParams.get('version') ?? newest(runtime)
    return runtime.versions.has(version)
      ? json(200, described(request, id, runtime, parsed(reply.body), version))
      : notFound(`version ${version}`)
  }

  const endpointFields = (request: ControlRequest, id: string, name: string, endpoint: Endpoint): Fields => ({
    name,
    id: name,
    agentRuntimeArn: arnOf(request, id),
    agentRuntimeEndpointArn: `${arnOf(request, id)}/runtime-endpoint/${name}`,
    status: endpoint.isBusy ? 'UPDATING' : 'READY',
    liveVersion: endpoint.live,
    targetVersion: endpoint.target,
    ...times,
  })

  const settle = (endpoint: Endpoint): void => {
    endpoint.isBusy = false
    endpoint.live = endpoint.target
  }

  const endpointsOf = (runtime: Runtime): ReadonlyArray<readonly [string, Endpoint]> => [
    ['DEFAULT', { live: newest(runtime), target: newest(runtime), isBusy: false }],
    ...runtime.endpoints,
  ]

  const onEndpoint = (request: ControlRequest, id: string, runtime: Runtime, name: string): Reply => {
    const found = endpointsOf(runtime).find(([known]) => known === name)?.[1]
    if (found === undefined) return notFound(`endpoint ${name}`)
    const fields = endpointFields(request, id, name, found)
    if (request.method === 'GET') {
      settle(found)
      return json(200, fields)
    }
    if (name === 'DEFAULT') return refused(409, 'ConflictException', 'DEFAULT goes with its runtime')
    if (request.method === 'DELETE') {
      runtime.endpoints.delete(name)
      return json(202, { status: 'DELETING', agentRuntimeId: id, endpointName: name })
    }
    if (found.isBusy) return refused(409, 'ConflictException', 'The endpoint is being updated')
    const { agentRuntimeVersion: target } = parsed(request.body)
    found.target = typeof target === 'string' ? target : newest(runtime)
    if (!runtime.versions.has(found.target)) return notFound(`version ${found.target}`)
    found.isBusy = true
    return json(202, endpointFields(request, id, name, found))
  }

  const createEndpoint = (request: ControlRequest, id: string, runtime: Runtime): Reply => {
    const { name, agentRuntimeVersion = newest(runtime) } = parsed(request.body)
    if (runtime.endpoints.has(String(name))) return refused(409, 'ConflictException', 'The endpoint exists')
    const version = String(agentRuntimeVersion)
    if (!runtime.versions.has(version)) return notFound(`version ${version}`)
    const made = { live: version, target: version, isBusy: true }
    runtime.endpoints.set(String(name), made)
    return json(202, { ...endpointFields(request, id, String(name), made), endpointName: name, agentRuntimeId: id })
  }

  const listRuntimes = async (request: ControlRequest): Promise<Reply> => {
    const reply = await toMoto({ ...request, path: '/runtimes/' })
    if (reply.status >= 300) return reply
    const { agentRuntimes = [] } = parsed(reply.body) as { agentRuntimes?: ReadonlyArray<Fields> }
    return page('agentRuntimes', agentRuntimes, request.path)
  }

  /** The data plane, as far as callers can tell it from an agent that answers: who may call, and what is not there. */
  const onCall = (request: ControlRequest, arn: string, operation: string): Reply => {
    const runtime = runtimes.get(arn.replace(/^.*runtime\//, ''))
    const qualifier = new URL(request.path, 'http://x').searchParams.get('qualifier') ?? 'DEFAULT'
    const endpoint = runtime === undefined ? undefined : endpointsOf(runtime).find(([name]) => name === qualifier)?.[1]
    if (runtime === undefined || endpoint === undefined) return notFound(`endpoint ${qualifier} of ${arn}`)
    const settings = runtime.versions.get(endpoint.live) ?? {}
    const hasToken = request.headers.authorization?.startsWith('Bearer ') === true
    if (hasToken !== (settings['authorizerConfiguration'] !== undefined))
      return refused(403, 'AccessDeniedException', 'Authorization method mismatch. The agent uses another one.')
    if ((settings['metadataConfiguration'] as Fields | undefined)?.['requireMMDSV2'] !== true)
      return refused(400, 'ValidationException', 'MMDSv2 must be required')
    const session = String(request.headers['x-amzn-bedrock-agentcore-runtime-session-id'] ?? '')
    if (operation === 'stopruntimesession') return json(200, {})
    const payload = JSON.parse(request.body.toString('utf8')) as unknown
    if (payload === 'fail')
      return refused(424, 'RuntimeClientError', 'Received error (500) from runtime. Please check your CloudWatch logs.')
    const reply = json(200, { payload, qualifier, version: endpoint.live, session })
    return { ...reply, headers: { ...reply.headers, 'x-amzn-bedrock-agentcore-runtime-session-id': session } }
  }

  const onRuntime = async (request: ControlRequest, id: string, below: string, rest: string): Promise<Reply> => {
    const runtime = runtimes.get(id)
    if (runtime === undefined) return notFound(`agent runtime ${id}`)
    const { method, path } = request
    if (below === 'versions') {
      const { body } = await toMoto({ ...request, path: `/runtimes/${id}/`, method: 'GET', body: Buffer.alloc(0) })
      const moto = parsed(body)
      const all = [...runtime.versions.keys()].map((version) => described(request, id, runtime, moto, version))
      return page('agentRuntimes', all, path)
    }
    if (below === 'runtime-endpoints') {
      if (rest !== '') return onEndpoint(request, id, runtime, rest)
      if (method === 'PUT') return createEndpoint(request, id, runtime)
      return page(
        'runtimeEndpoints',
        endpointsOf(runtime).map(([name, endpoint]) => endpointFields(request, id, name, endpoint)),
        path,
      )
    }
    if (method === 'GET') return readRuntime(request, id, runtime)
    if (method === 'PUT') return changed(request, id)
    if (runtime.endpoints.size > 0) return refused(409, 'ConflictException', 'The runtime has endpoints')
    runtimes.delete(id)
    return toMoto(request)
  }

  return {
    answer: async (request) => {
      const [, id = '', below = '', rest = ''] =
        /^\/runtimes\/?(?:([^/?]+)\/?(?:([^/?]+)\/?(?:([^/?]+)\/?)?)?)?(?:\?|$)/.exec(request.path) ?? []
      if (decodeURIComponent(id).startsWith('arn:')) return onCall(request, decodeURIComponent(id), below)
      if (id !== '') return onRuntime(request, decodeURIComponent(id), below, decodeURIComponent(rest))
      return request.method === 'PUT' ? createRuntime(request) : listRuntimes(request)
    },
    reset: () => runtimes.clear(),
  }
}
