/** Who may call, as JSON of the command line: read by the codec of the layer that checks the tokens. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import { parse } from '../../../auth/rules/AuthorizerConfig'
import type { Rule } from '../../../config/Rules'

/** `{"customJWTAuthorizer": {…}}`, as it was written. Left: everything that is wrong with it, each with its path. */
export const authorizer: Rule<unknown> = (text) =>
  pipe(
    parse(text),
    E.bimap(
      (issues) => issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; '),
      () => JSON.parse(text) as unknown,
    ),
  )
