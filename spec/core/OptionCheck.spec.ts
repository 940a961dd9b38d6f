/** Options that JavaScript passes: the first that is unknown, missing or of the wrong type is named, and the nearest. */
import * as fc from 'fast-check'
import { nearest } from '../../lib/core/Nearest'
import {
  boolean,
  checkOptions,
  either,
  findOptionFault,
  func,
  group,
  oneOf,
  quantity,
  required,
  type Shape,
  string,
  strings,
} from '../../lib/core/OptionCheck'

interface Inner {
  readonly max?: number
  readonly policy?: 'generate' | 'require'
}

interface Sample {
  readonly port?: number
  readonly host?: string
  readonly debug?: boolean
  readonly names?: ReadonlyArray<string>
  readonly token?: string | (() => string)
  readonly inner?: Inner
}

const shape: Shape<Sample> = {
  port: quantity,
  host: string,
  debug: boolean,
  names: strings,
  token: either(string, func),
  inner: group<Inner>({ max: quantity, policy: oneOf('generate', 'require') }),
}

const messageOf = (given: unknown): string => {
  try {
    checkOptions('serve', shape, given, { folder: 'deploy' })
    return ''
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return (error as Error).message
  }
}

describe('checkOptions', () => {
  it.each<readonly [string, unknown, string]>([
    ['a letter too few', { prt: 1 }, 'serve: invalid option "prt": there is no such option. Did you mean "port"?'],
    ['letters swapped', { prot: 1 }, 'serve: invalid option "prot": there is no such option. Did you mean "port"?'],
    ['another case', { Port: 1 }, 'serve: invalid option "Port": there is no such option. Did you mean "port"?'],
    [
      'an option of a group, outside of it',
      { policy: 'require' },
      'serve: invalid option "policy": there is no such option. Did you mean "inner.policy"?',
    ],
    [
      'a misspelled one in a group',
      { inner: { mx: 1 } },
      'serve: invalid option "inner.mx": there is no such option. Did you mean "inner.max"?',
    ],
    [
      'one of another function',
      { folder: 'x' },
      'serve: invalid option "folder": there is no such option. Did you mean "folder" of deploy?',
    ],
    [
      'nothing like any',
      { certificate: 'x' },
      'serve: invalid option "certificate": there is no such option. The options are port, host, debug, names, token, inner',
    ],
    ['text for a number', { port: 'abc' }, 'serve: invalid option "port": expected a number from 0, got a string'],
    ['a number below 0', { port: -1 }, 'serve: invalid option "port": expected a number from 0, got -1'],
    ['NaN', { port: Number('abc') }, 'serve: invalid option "port": expected a number from 0, got NaN'],
    ['null', { host: null }, 'serve: invalid option "host": expected a string, got null'],
    ['text for a boolean', { debug: 'yes' }, 'serve: invalid option "debug": expected true or false, got a string'],
    [
      'a list with something else',
      { names: ['a', 1] },
      'serve: invalid option "names": expected an array of strings, got an array',
    ],
    ['neither of two', { token: {} }, 'serve: invalid option "token": expected a string or a function, got an object'],
    [
      'another word',
      { inner: { policy: 'always' } },
      'serve: invalid option "inner.policy": expected "generate" or "require", got a string',
    ],
    ['no group', { inner: [] }, 'serve: invalid option "inner": expected an object, got an array'],
    ['no options', null, 'serve: invalid options: expected an object, got null'],
    ['a function', () => 1, 'serve: invalid options: expected an object, got a function'],
  ])('refuses %s', (_, given, message) => expect(messageOf(given)).toBe(message))

  it('takes what is right, and what is undefined', () => {
    const inner = { max: undefined, policy: 'require' }
    expect(messageOf({ port: 0, host: '', debug: undefined, names: [], token: () => 'x', inner })).toBe('')
    expect(messageOf({ port: Infinity })).toBe('')
    expect(messageOf(Object.create({ inherited: 1 }))).toBe('')
  })

  it('asks for what is required, after what is unknown', () => {
    const asks: Shape<Required<Inner>> = { max: required(quantity), policy: string }
    expect(findOptionFault(asks, {})).toEqual({ option: 'max', reason: 'it is missing; expected a number from 0' })
    expect(findOptionFault(asks, { maxx: 1 })?.option).toBe('maxx')
  })

  it('never repeats a text, which may be a secret', () =>
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Z0-9]{12,20}$/), (secret) => {
        for (const name of ['port', 'debug', 'names', 'inner'])
          expect(messageOf({ [name]: secret })).not.toContain(secret)
      }),
    ))
})

describe('nearest', () => {
  const known = ['idleTimeout', 'maxBody', 'port', 'host']

  it('finds a word with one mistake', () =>
    fc.assert(
      fc.property(fc.constantFrom(...known), fc.nat(), fc.constantFrom('drop', 'double', 'swap'), (word, at, kind) => {
        const i = at % (word.length - 1)
        const wrong = {
          drop: word.slice(0, i) + word.slice(i + 1),
          double: word.slice(0, i) + word.charAt(i) + word.slice(i),
          swap: word.slice(0, i) + word.charAt(i + 1) + word.charAt(i) + word.slice(i + 2),
        }
        expect(nearest(wrong[kind], known)).toBe(word)
      }),
    ))

  it('finds none for another word', () => {
    expect(nearest('certificate', known)).toBeUndefined()
    expect(nearest('', known)).toBeUndefined()
    expect(nearest('x', [])).toBeUndefined()
  })
})
