/** Values that code may throw, return or reject with, and that careless code fails for. */

/** An awkward value, made anew for each use. */
export interface Awkward {
  readonly make: () => unknown
  /** Whether waiting for it takes for ever, as it would in any server. */
  readonly isEndless?: boolean
  readonly isHuge?: boolean
}

const brand = (name: string): symbol => Symbol.for(`agentcore-fp/${name}`)

const fail = (): never => {
  throw new Error('a getter that throws')
}

/** An object with a getter that throws for each of the names. */
const withTraps = (target: object, names: ReadonlyArray<PropertyKey>): object =>
  names.reduce((object, name) => Object.defineProperty(object, name, { get: fail, enumerable: true }), target)

const revoked = (target: object): object => {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

const everyTrap: ProxyHandler<object> = {
  get: fail,
  has: fail,
  ownKeys: fail,
  getPrototypeOf: fail,
  getOwnPropertyDescriptor: fail,
}

const names = ['stack', 'message', 'cause', 'name', 'toString', 'toJSON', '_tag', 'status', 'headers', 'code', 'expose']

const cyclic = (): Error => {
  const error = new Error('cyclic')
  return Object.assign(error, { cause: error, self: error })
}

const httpError = (status: unknown, headers: unknown): Error =>
  Object.assign(new Error('refused'), { status, statusCode: status, expose: true, headers })

/** An object that has a `then`: only its kind matters, so it is put there as foreign code would. */
const thenable = (then: (resolve: (value: unknown) => void, reject: (cause: unknown) => void) => void): object =>
  Object.defineProperty({}, 'then', { value: then })

const agentError = (fields: object): object => ({ [brand('AgentError')]: true, ...fields })

const controls = 'a\u0000b\r\nSet-Cookie: forged=1\u001b]0;title\u0007\u009b2J\u202e\ud800 \udfff €'

export const awkward: Readonly<Record<string, Awkward>> = {
  undefined: { make: () => undefined },
  null: { make: () => null },
  zero: { make: () => 0 },
  NaN: { make: () => Number.NaN },
  'an empty string': { make: () => '' },
  'a symbol': { make: () => Symbol('awkward') },
  'a BigInt': { make: () => 10n },
  'a function': { make: () => () => 'called' },
  'a frozen object': { make: () => Object.freeze({}) },
  'an object without a prototype': { make: () => Object.create(null) as object },
  'an array': { make: () => [undefined, Symbol('a'), 1n] },
  'a revoked proxy': { make: () => revoked({}) },
  'a revoked proxy of a function': { make: () => revoked(() => undefined) },
  'a proxy whose traps throw': { make: () => new Proxy({}, everyTrap) },
  'an error whose getters throw': { make: () => withTraps(new Error('trapped'), names) },
  'an object whose getters throw': { make: () => withTraps({}, [...names, 'then', 'next', Symbol.asyncIterator]) },
  'an object whose then throws': { make: () => withTraps({}, ['then']) },
  'an object whose toJSON throws': { make: () => ({ toJSON: fail }) },
  'an error with a cyclic cause': { make: cyclic },
  'an error with a read-only message': {
    make: () => Object.freeze(Object.defineProperty(new Error(), 'message', { get: () => 5n })),
  },
  'an AggregateError': { make: () => new AggregateError([new Error('a'), 'b', undefined], 'many') },
  'a DOMException': { make: () => new DOMException('aborted', 'AbortError') },
  'an AgentError of no case': { make: () => agentError({ _tag: 'Nonsense' }) },
  'an AgentError without its fields': { make: () => agentError({ _tag: 'Rejected', status: 'abc', message: 1n }) },
  'an AgentError whose tag throws': { make: () => withTraps(agentError({}), ['_tag']) },
  'an AgentError with an awkward challenge': {
    make: () => agentError({ _tag: 'Unauthorized', message: 'no', challenge: `Bearer realm="${controls}"` }),
  },
  'an AgentError with an impossible status': {
    make: () => agentError({ _tag: 'Rejected', status: 99, message: controls, details: 1n }),
  },
  'a Reply without a body': { make: () => ({ [brand('Reply')]: true }) },
  'an event without data': { make: () => ({ [brand('Sse.Event')]: 'raw', event: 5, id: {}, retry: 'x' }) },
  'a left without an error': { make: () => ({ _tag: 'Left' }) },
  'a left whose error throws': { make: () => withTraps({ _tag: 'Left' }, ['left']) },
  'a thenable that never settles': { make: () => thenable(() => undefined), isEndless: true },
  'a thenable that throws': { make: () => thenable(fail) },
  'a thenable that resolves twice': {
    make: () =>
      thenable((resolve, reject) => {
        resolve({ done: false, value: 1 })
        resolve({ done: false, value: 2 })
        reject(new Error('settled before'))
      }),
  },
  'a huge message': { make: () => new Error('x'.repeat(5_000_000)), isHuge: true },
  'lone surrogates and control characters': { make: () => controls },
  'an error with control characters': { make: () => Object.assign(new Error(controls), { stack: controls }) },
  'an HTTP error with the status 99': { make: () => httpError(99, {}) },
  'an HTTP error with the status 204': { make: () => httpError(204, {}) },
  'an HTTP error with the status 1000': { make: () => httpError(1000, {}) },
  'an HTTP error with the status abc': { make: () => httpError('abc', {}) },
  'an HTTP error with headers that HTTP cannot carry': {
    make: () =>
      httpError(401, {
        'WWW-Authenticate': `Bearer realm="${controls}"`,
        'not a name': 'x',
        '': 'y',
        'Transfer-Encoding': 'chunked',
        'Content-Length': '3',
        'X-List': ['a', controls],
      }),
  },
  'an HTTP error whose headers are no object': { make: () => httpError(400, controls) },
  'an HTTP error whose headers throw': { make: () => httpError(400, revoked({})) },
  'a broken connection': { make: () => Object.assign(new Error('gone'), { code: 'EPIPE' }) },
}
