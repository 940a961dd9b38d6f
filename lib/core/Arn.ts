/**
 * Amazon Resource Names (ARNs): `arn:{partition}:{service}:{region}:{account}:{resource}`.
 *
 * @since 0.2.0
 */
import * as O from 'fp-ts/Option'

/** The parts of an ARN, unvalidated; each may be empty. */
export interface Arn {
  readonly partition: string
  readonly service: string
  readonly region: string
  readonly account: string
  /** What follows the account, without colons. */
  readonly resource: string
}

/** Parses an ARN; none for a text of another form. */
export const parse = (text: string): O.Option<Arn> => {
  const [arn, partition, service, region, account, resource, ...rest] = text.split(':', 7)
  if (arn !== 'arn' || partition === undefined || service === undefined || rest.length > 0) return O.none
  if (region === undefined || account === undefined || resource === undefined) return O.none
  return O.some({ partition, service, region, account, resource })
}

/** Whether a text is an AWS account id. */
export const isAccount = (text: string): boolean => /^\d{12}$/.test(text)

/** Whether a text is the id of an agent runtime, `{name}-{10 letters or digits}`. */
export const isRuntimeId = (text: string): boolean => /^[a-zA-Z][a-zA-Z0-9_]{0,99}-[a-zA-Z0-9]{10}$/.test(text)

/** The account in an ARN; none if it has none. */
export const toAccount = (arn: string): O.Option<string> =>
  O.filter(isAccount)(O.map(({ account }: Arn) => account)(parse(arn)))
