/** Fetches the discovery document and signing keys of an OpenID provider. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import type { JSONWebKeySet, LocalJWKSet } from 'jose' with { 'resolution-mode': 'import' }
import { type FetchError, type FetchLimits, getJson, unfit } from './Fetch'

/** A provider, as far as tokens are concerned. `keys` finds the key for a token's header. */
export interface Provider {
  readonly issuer: string
  readonly keys: LocalJWKSet
  /** What is wrong with the issuer; undefined where it is the one of the discovery URL. */
  readonly issuerFault: string | undefined
}

const wellKnown = '/.well-known/openid-configuration'

const bare = (url: string): string => url.replace(/\/$/, '')

/** OpenID Connect Discovery, section 4.3: the issuer must be the URL that the document was fetched from. */
const issuerFault = (discoveryUrl: string, issuer: string): string | undefined => {
  const expected = discoveryUrl.endsWith(wellKnown) ? discoveryUrl.slice(0, -wellKnown.length) : discoveryUrl
  return bare(issuer) === bare(expected)
    ? undefined
    : `names the issuer ${JSON.stringify(issuer.slice(0, 200))} instead of ${bare(expected)}: check that discoveryUrl is that of your tenant`
}

const Document = t.type({ issuer: t.string, jwks_uri: t.string })

const isUsable = (uri: string, discoveryUrl: string): boolean => {
  if (!URL.canParse(uri)) return false
  const { protocol, username, password } = new URL(uri)
  const isAllowed = protocol === 'https:' || (protocol === 'http:' && discoveryUrl.startsWith('http:'))
  return isAllowed && username === '' && password === ''
}

const parseDiscovery = (url: string, json: unknown): E.Either<FetchError, t.TypeOf<typeof Document>> =>
  pipe(
    Document.decode(json),
    E.mapLeft(() => unfit(url, 'is not a discovery document')),
    E.filterOrElse(
      ({ jwks_uri: uri }) => isUsable(uri, url),
      () => unfit(url, 'has a jwks_uri that is not an https URL'),
    ),
  )

const isKeySet = (json: unknown): json is JSONWebKeySet =>
  typeof json === 'object' && json !== null && 'keys' in json && Array.isArray(json.keys)

const fetchKeys = (url: string, json: unknown): TE.TaskEither<FetchError, LocalJWKSet> =>
  isKeySet(json)
    ? TE.tryCatch(
        async () => (await import('jose')).createLocalJWKSet(json),
        () => unfit(url, 'is not a JSON Web Key Set'),
      )
    : TE.left(unfit(url, 'is not a JSON Web Key Set'))

/**
 * Asks a provider for its issuer and its keys. An issuer that is not that of the URL is a failure only with
 * `matchIssuer`: Microsoft Entra ID (version 1) and Azure AD B2C deviate by design, and the service takes their tokens.
 * Whoever controls the document chooses the keys too, so that the issuer alone opens nothing.
 */
export const discover =
  (limits: FetchLimits, matchIssuer = false) =>
  (discoveryUrl: string): TE.TaskEither<FetchError, Provider> =>
    pipe(
      getJson(limits)(discoveryUrl),
      TE.chainEitherK((json) => parseDiscovery(discoveryUrl, json)),
      TE.filterOrElse(
        ({ issuer }) => !matchIssuer || issuerFault(discoveryUrl, issuer) === undefined,
        ({ issuer }) => unfit(discoveryUrl, issuerFault(discoveryUrl, issuer) ?? ''),
      ),
      TE.chain(({ issuer, jwks_uri: uri }) =>
        pipe(
          getJson(limits)(uri),
          TE.chain((json) => fetchKeys(uri, json)),
          TE.map((keys) => ({ issuer, keys, issuerFault: issuerFault(discoveryUrl, issuer) })),
        ),
      ),
    )
