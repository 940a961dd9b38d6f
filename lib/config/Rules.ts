/** Validation rules for the values that AgentCore accepts: each parses a text, or says why it is invalid. */
import * as E from 'fp-ts/Either'
import { isFieldName, isFieldValue } from '../node/http/RequestFields'
import { isRegion } from '../core/Region'
import { toLifecycle } from '../core/Lifecycle'
import { isConfigurable } from '../core/Protocol'

/** Parses a text. Left: why it is invalid. */
export type Rule<A = string> = (text: string) => E.Either<string, A>

// ---------------------------------------------------------------------------------------------------------------------
// rules of one text
// ---------------------------------------------------------------------------------------------------------------------

const shown = (text: string): string => (text === '' ? 'nothing' : JSON.stringify(text.slice(0, 80)))

const matching =
  (pattern: RegExp, what: string): Rule =>
  (text) =>
    pattern.test(text) ? E.right(text) : E.left(`expected ${what}, got ${shown(text)}`)

const oneOf =
  <A extends string>(...names: ReadonlyArray<A>): Rule<A> =>
  (text) => {
    const found = names.find((name) => name.toLowerCase() === text.toLowerCase())
    return found === undefined ? E.left(`expected ${names.join(' or ')}, got ${shown(text)}`) : E.right(found)
  }

const between =
  (least: number, most: number, what: string): Rule<number> =>
  (text) => {
    const number = Number(text)
    return /^\d{1,9}$/.test(text) && number >= least && number <= most
      ? E.right(number)
      : E.left(`expected ${what} from ${least} to ${most}, got ${shown(text)}`)
  }

/** The name of an agent. */
export const agentName = matching(
  /^[a-zA-Z][a-zA-Z0-9_]{0,47}$/,
  'a letter, then at most 47 letters, digits and underscores',
)

/** A text without control characters, which can stand in a path, a command and a terminal. */
export const plainText: Rule = (text) =>
  /[\u0000-\u001f\u007f-\u009f]/.test(text)
    ? E.left(`expected text without control characters, got ${shown(text)}`)
    : E.right(text)

/** A version of Node as the tag of an image has it; empty where it is not said. */
export const nodeVersion = matching(/^(?:\d{1,3}(?:\.\d{1,3}){0,2})?$/, 'a Node version such as 22')

/** What an image is built for. */
export const platform = matching(/^[a-z0-9]+\/[a-z0-9]+(?:\/[a-z0-9]+)?$/, 'a platform, such as linux/arm64')

/** The id of a session, as the service takes it from a caller. */
export const sessionId = matching(/^[\x21-\x7e]{33,256}$/, 'a session id of 33 to 256 visible ASCII characters')

/** Seconds of a session's life. */
export const sessionSeconds = between(60, 28_800, 'seconds')

/** The name of an endpoint of an agent runtime. */
export const endpointName = matching(
  /^[a-zA-Z][a-zA-Z0-9_]{0,47}$/,
  'a letter, then at most 47 letters, digits and underscores',
)

/** The number of a version of an agent runtime. */
export const runtimeVersion = matching(/^[1-9][0-9]{0,4}$/, 'the number of a version, such as 3')

/** A port; 0 is any free one. */
export const port = between(0, 65_535, 'a port')

/** Seconds of waiting; 0 is without end. */
export const waitSeconds = between(0, 86_400, 'seconds')

/** An AWS region. */
export const region: Rule = (text) =>
  isRegion(text) ? E.right(text) : E.left(`expected a region such as us-west-2, got ${shown(text)}`)

/** How callers speak to the agent. */
export const protocol = oneOf('HTTP', 'MCP', 'A2A', 'AGUI')

/** How the agent is deployed. */
export const deploymentType = oneOf('container', 'direct_code_deploy')

/** What containers are built and run with. */
export const containerRuntime = oneOf('docker', 'finch', 'podman')

/** What the service runs code with that is no container. */
export const runtime = oneOf('NODE_22')

/** What an agent is written in. JavaScript is typescript here, as for the toolkit. */
export const language: Rule<'typescript'> = (text) => {
  if (text.toLowerCase() === 'javascript') return E.right('typescript')
  return text.toLowerCase() === 'python'
    ? E.left('Python agents are configured with the starter toolkit; this command is for TypeScript and JavaScript')
    : oneOf('typescript')(text)
}

const roleArn = /^arn:aws(-[^:]+)?:iam::\d{12}:role\/[\w+=,.@/-]+$/

/** The ARN of an IAM role. */
export const role = matching(roleArn, 'the ARN of a role such as arn:aws:iam::123456789012:role/MyAgent')

const repository = '[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*'
const ecrUri = new RegExp(`^(?:\\d{12}[.]dkr[.]ecr[.][a-z0-9-]+[.]amazonaws[.]com(?:[.]cn)?/)?${repository}$`)

/** Where images are kept: `auto`, the URI of a repository or its name; without a tag, which each deployment makes. */
export const ecr = matching(ecrUri, 'auto, or an ECR repository (its URI or name, without a tag)')

/** The tag of an image. Tags that begin with `source-` are given by a deployment. */
export const imageTag = matching(
  /^(?!source-)[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/,
  'a tag of up to 128 letters, digits, dots, dashes and underscores, which does not begin with source-',
)

const registryUri = new RegExp(
  `^(?:\\d{12}[.]dkr[.]ecr[.][a-z0-9-]+[.]amazonaws[.]com(?:[.]cn)?|public[.]ecr[.]aws)/[a-z0-9._/-]+(?::[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}|@sha256:[0-9a-f]{64})$`,
)

/** An image of ECR, which is what the service runs. */
export const imageUri = matching(
  registryUri,
  'an image of Amazon ECR with its tag or digest (123456789012.dkr.ecr.us-west-2.amazonaws.com/name:tag)',
)

const s3Uri = /^(?:s3:\/\/)?[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/[^\s]*)?$/

/** Where code is kept: `auto`, or a bucket with or without a prefix. */
export const s3 = matching(s3Uri, 'auto, or an S3 bucket with or without a prefix (s3://bucket/prefix)')

/** The name of a variable for the agent. */
export const variableName = matching(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'the name of a variable, such as MODEL')

/** A variable for the agent. */
export const assignment: Rule<readonly [name: string, value: string]> = (text) => {
  const at = text.indexOf('=')
  const [name, value] = [text.slice(0, at), text.slice(at + 1)]
  if (at < 1) return E.left(`expected NAME=value, got ${shown(text)}`)
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(name)) return E.left(`invalid variable name: ${shown(name)}`)
  if (value.includes('\0')) return E.left(`the value of ${name} contains a NUL character`)
  return value.length > 5000 ? E.left(`the value of ${name} is longer than 5000 characters`) : E.right([name, value])
}

/** A header as `Name: value`. */
export const headerLine: Rule<readonly [name: string, value: string]> = (text) => {
  const at = text.indexOf(':')
  const [name, value] = [text.slice(0, at).trim(), text.slice(at + 1).trim()]
  if (at < 1) return E.left(`expected Name: value, got ${shown(text)}`)
  if (!isFieldName(name)) return E.left(`invalid header name: ${shown(name)}`)
  return isFieldValue(value)
    ? E.right([name, value])
    : E.left(`the value of ${name} contains a character that is not allowed in a header`)
}

const wellKnown = '/.well-known/openid-configuration'

/** The issuer of tokens, or its discovery document: the URL of the document. */
export const issuer: Rule = (text) => {
  const refused = E.left(`expected the https URL of an OpenID provider such as https://idp.example, got ${shown(text)}`)
  if (!/^https?:\/\/[^\s?#]+$/.test(text) || !URL.canParse(text)) return refused
  const { username, password } = new URL(text)
  if (username !== '' || password !== '') return E.left('a URL with a user or a password is not allowed')
  const base = text.endsWith(wellKnown) ? text.slice(0, -wellKnown.length) : text
  return E.right(`${base.replace(/\/+$/, '')}${wellKnown}`)
}

// ---------------------------------------------------------------------------------------------------------------------
// lists
// ---------------------------------------------------------------------------------------------------------------------

const all = <A>(results: ReadonlyArray<E.Either<string, A>>): E.Either<string, ReadonlyArray<A>> => {
  const found: Array<A> = []
  for (const result of results) {
    if (E.isLeft(result)) return result
    found.push(result.right)
  }
  return E.right(found)
}

const commaList =
  (rule: Rule, most: number, keyOf: (item: string) => string = (item) => item): Rule<ReadonlyArray<string>> =>
  (text) => {
    const items = text.split(',').map((item) => item.trim())
    if (text.trim() === '') return E.left('the list is empty')
    if (items.length > most) return E.left(`expected at most ${most}, got ${items.length}`)
    const twice = items.find((item, i) => items.findIndex((other) => keyOf(other) === keyOf(item)) !== i)
    return twice === undefined ? all(items.map(rule)) : E.left(`duplicate item: ${shown(twice)}`)
  }

/** Subnets, separated by commas. */
export const subnets = commaList(matching(/^subnet-[0-9a-z]{8,}$/, 'a subnet id, such as subnet-0abc1234def567890'), 16)

/** Security groups, separated by commas. */
export const securityGroups = commaList(
  matching(/^sg-[0-9a-z]{8,}$/, 'a security group id, such as sg-0abc1234def567890'),
  16,
)

const headerName: Rule = (name) => {
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,255}$/.test(name)) return E.left(`invalid header name: ${shown(name)}`)
  return isConfigurable(name) ? E.right(name) : E.left(`AgentCore does not pass on the header ${name}`)
}

/** Names of headers that callers may send to the agent, separated by commas. */
export const headerAllowlist = commaList(headerName, 20, (name) => name.toLowerCase())

/** Ids of clients or audiences of tokens, separated by commas. */
export const tokenValues = commaList(matching(/^[^\s\u0000-\u001f\u007f]{1,2048}$/, 'a text without spaces'), 100)

/** Scopes of tokens, separated by commas. */
export const scopes = commaList(
  matching(/^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{1,255}$/, 'a scope of visible ASCII characters'),
  100,
)

/** `Name:value,Name:value`, as the toolkit has it: no comma in a value. */
export const headerPairs: Rule<ReadonlyArray<readonly [name: string, value: string]>> = (text) =>
  all(text.split(',').map((item) => headerLine(item.trim())))

// ---------------------------------------------------------------------------------------------------------------------
// rules of more than one value
// ---------------------------------------------------------------------------------------------------------------------

/** How long a session may be idle, and live at all, in seconds. */
export interface Lifecycle {
  readonly idle: number
  readonly max: number
}

/** The service's defaults for what is not given. Left: idle above max. */
export const lifecycle = (idle: number | undefined, max: number | undefined): E.Either<string, Lifecycle> => {
  const life = toLifecycle({ idleRuntimeSessionTimeout: idle, maxLifetime: max })
  const found = { idle: life.idleRuntimeSessionTimeout, max: life.maxLifetime }
  return found.idle <= found.max
    ? E.right(found)
    : E.left(`the idle timeout (${found.idle} seconds) is longer than the maximum lifetime (${found.max} seconds)`)
}
