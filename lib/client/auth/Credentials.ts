/**
 * Where the keys come from that requests are signed with: given ones, a function, or the chain that every AWS SDK goes
 * through, which is loaded when it is first asked. Keys that expire are kept until shortly before they do.
 *
 * @since 0.2.0
 */
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { within } from '../../node/within'
import { errorCode, errorMessage } from '../../node/SystemError'
import type { ClientError } from '../error/ClientError'
import type { Variables } from '../target/Endpoint'
import type { Credentials } from '../transport/Environment'
import { shown } from '../error/HeaderText'

// ---------------------------------------------------------------------------------------------------------------------
// model
// ---------------------------------------------------------------------------------------------------------------------

/** A function that gives keys, as the providers of the AWS SDK are. */
export type Provider = () => Promise<Credentials>

/** How AWS's chain is gone through. */
export interface ChainOptions {
  /** A profile of `~/.aws`, which is then preferred to the keys in the environment. */
  readonly profile?: string
  /** How long all of the chain may take, in milliseconds: 10 seconds unless it is given. */
  readonly timeout?: number
  /** The variables of the process, so that a failure can say what they lack. */
  readonly variables?: Variables
}

/** The package of the chain, which is optional. */
const packageName = '@aws-sdk/credential-provider-node'

// ---------------------------------------------------------------------------------------------------------------------
// failures
// ---------------------------------------------------------------------------------------------------------------------

const none = (tried: ReadonlyArray<string>, reason: string): ClientError => ({ _tag: 'NoCredentials', tried, reason })

/** What a provider says of its failure, unless it repeats a command line, in which secrets may stand. */
const toReason = (cause: unknown): string => {
  const message = errorMessage(cause)
  if (/command failed/i.test(message)) return 'the credential_process of the profile failed'
  return shown(message.replace(/\s+/g, ' '))
}

const isNotInstalled = (cause: unknown): boolean => /^(ERR_)?MODULE_NOT_FOUND$/.test(errorCode(cause) ?? '')

const isSet = (variables: Variables, ...names: ReadonlyArray<string>): boolean =>
  names.some((name) => (variables[name] ?? '') !== '')

const missing = (is: boolean): string => (is ? '' : ' (not set)')

/** The places that the chain looks at, in its order, and what is set of what it reads. */
const toPlaces = ({ profile, variables = {} }: ChainOptions): ReadonlyArray<string> => {
  const named = profile ?? variables['AWS_PROFILE'] ?? ''
  return [
    named === ''
      ? `the environment${missing(isSet(variables, 'AWS_ACCESS_KEY_ID'))}`
      : 'the environment (skipped, because a profile is set)',
    `the profile ${shown(named === '' ? 'default' : named)} in ~/.aws with its SSO session or credential_process`,
    `a web identity${missing(isSet(variables, 'AWS_WEB_IDENTITY_TOKEN_FILE'))}`,
    ...(isSet(variables, 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI')
      ? ['the container']
      : [
          'the container (not set)',
          `the metadata of the instance${isSet(variables, 'AWS_EC2_METADATA_DISABLED') ? ' (disabled)' : ''}`,
        ]),
  ]
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/** Only what signing needs: the identities of the AWS SDK say more. */
const plain = ({ accessKeyId, secretAccessKey, sessionToken }: Credentials): Credentials =>
  sessionToken === undefined ? { accessKeyId, secretAccessKey } : { accessKeyId, secretAccessKey, sessionToken }

/** Keys of a function's, asked for each call. Left: `NoCredentials`. */
export const fromProvider = (
  provider: Provider,
  tried: ReadonlyArray<string> = ['the given provider'],
): TE.TaskEither<ClientError, Credentials> =>
  TE.tryCatch(
    async () => plain(await provider()),
    (cause) => none(tried, toReason(cause)),
  )

/** A chain that is loaded when it is first asked, and then kept: it keeps the keys until they expire. */
const loadedOnce = (profile: string | undefined): Provider => {
  let loaded: Promise<Provider> | undefined
  const load = async (): Promise<Provider> => {
    const { defaultProvider } = await import('@aws-sdk/credential-provider-node')
    const silent = (): void => undefined
    return defaultProvider({
      ...(profile === undefined ? {} : { profile }),
      // Of the metadata services, in milliseconds: where there is none, most networks say nothing at all.
      ...{ timeout: 1000, maxRetries: 0 },
      logger: { debug: silent, info: silent, warn: silent, error: silent },
    })
  }
  return async () => (await (loaded ??= load()))()
}

/**
 * Keys of AWS's own chain: the environment, a profile (static keys, SSO, a role, `credential_process`), a web identity,
 * the container's, the instance's. Left `NoCredentials`: which of them were tried, and what was wrong; also if the optional
 * package `@aws-sdk/credential-provider-node` is not installed.
 */
export const fromChain = (options: ChainOptions = {}): TE.TaskEither<ClientError, Credentials> => {
  const { profile, timeout = 10_000 } = options
  const provider = loadedOnce(profile)
  const failed = (cause: unknown): ClientError =>
    isNotInstalled(cause)
      ? none(['nothing'], `install ${packageName}, or pass credentials`)
      : none(toPlaces(options), toReason(cause))
  return () =>
    within(timeout, TE.tryCatch(async () => plain(await provider()), failed)(), () =>
      E.left(none(toPlaces(options), `no response within ${timeout} ms`)),
    )
}
