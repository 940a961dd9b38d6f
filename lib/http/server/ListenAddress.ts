/** Chooses the address to listen on, and says why. */
import * as E from 'fp-ts/Either'

/** An address and the reason for it. */
export interface Bind {
  readonly host: string
  readonly port: number
  readonly reason: string
}

/** What the choice depends on. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether a file exists. */
  readonly exists: (path: string) => boolean
}

const parsePort = (text: string, name: string): E.Either<string, number> => {
  const port = Number(text)
  return /^\d{1,5}$/.test(text) && port <= 65_535 ? E.right(port) : E.left(`${name} is not a port: ${text}`)
}

const containerFiles = ['/.dockerenv', '/run/.containerenv'] as const

/** The evidence of a container; undefined if there is none. */
const signOfContainer = ({ env, exists }: Surroundings): string | undefined => {
  if (env['DOCKER_CONTAINER'] !== undefined && env['DOCKER_CONTAINER'] !== '') return 'DOCKER_CONTAINER is set'
  if (env['OTEL_RESOURCE_ATTRIBUTES']?.includes(':bedrock-agentcore:') === true) return 'AgentCore Runtime set it up'
  const file = containerFiles.find(exists)
  return file === undefined ? undefined : `${file} exists`
}

/** A chosen address, and whether it is the default in a container. */
export interface Found extends Bind {
  readonly isContainer: boolean
}

const toHost = (host: string | undefined, around: Surroundings): Omit<Found, 'port'> => {
  if (host !== undefined) return { host, reason: 'the host option is set', isContainer: false }
  const set = around.env['HOST']
  if (set !== undefined && set !== '') return { host: set, reason: 'HOST is set', isContainer: false }
  const sign = signOfContainer(around)
  return sign === undefined
    ? {
        host: '127.0.0.1',
        reason: 'this is not a container; set HOST=0.0.0.0 to accept connections from other machines',
        isContainer: false,
      }
    : { host: '0.0.0.0', reason: `this is a container: ${sign}`, isContainer: true }
}

/** Warns in a container with a terminal: it is probably for development, and other machines may reach it. */
export const toWarning = ({ host, reason, isContainer }: Found, isTerminal: boolean): string | undefined =>
  isContainer && isTerminal
    ? `Listening on every interface (${host}) because ${reason}, so other machines may be able to call the agent. ` +
      'In a development container, set HOST=127.0.0.1; to keep this address without the warning, set HOST=0.0.0.0'
    : undefined

/** The address to listen on: as given, else by `PORT` and `HOST`, else port 8080; on every interface in a container. */
export const bind = (
  given: { readonly port?: number; readonly host?: string },
  around: Surroundings,
): E.Either<string, Found> => {
  const set = around.env['PORT']
  const port =
    given.port !== undefined
      ? parsePort(String(given.port), 'The port')
      : parsePort(set === undefined || set === '' ? '8080' : set, 'PORT')
  return E.isLeft(port) ? port : E.right({ ...toHost(given.host, around), port: port.right })
}
