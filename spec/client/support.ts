/** What the specs of the client stand on. */
import * as fc from 'fast-check'
import type { Target as AnyTarget } from '../../lib/client/transport/Environment'
import * as Target from '../../lib/client/target/Target'
import { right } from '../core/support'

export const arn = 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-a1b2c3d4e5'

/** The agent of `arn`, at AWS. */
export const target = (): AnyTarget => right(Target.deployed({ runtimeArn: arn }))

const attacks = [
  '/',
  '?',
  '#',
  '@',
  ':',
  '\\',
  '\r\n',
  '\0',
  ' ',
  '%2F',
  '..',
  '.attacker.com',
  '[',
  '&',
  '\u2028',
  'é',
]

/** A text with something evil in it, somewhere. */
export const hostile = (text: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat(text.length), fc.nat(3), fc.constantFrom(...attacks))
    .map(([at, less, evil]) => text.slice(0, at) + evil + text.slice(at + less))

/** Keys that sign and open nothing. */
export const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }

/** The decoded parameters of a URL, in order of their names. */
export const parametersOf = (url: string): ReadonlyArray<readonly [string, string]> =>
  [...new URL(url).searchParams].sort(([a], [b]) => (a < b ? -1 : 1))
