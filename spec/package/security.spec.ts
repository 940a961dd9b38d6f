/** The tables of limits agree with the code: SECURITY.md and the manual name every option, with its default. */
import { settings } from '../../lib/http/state/Options'
import { manual, read } from './support'

const defaults = settings({})

/** Every option that bounds something, and its default. The compiler asks for new options to be looked at. */
const bounds = {
  maxBody: defaults.maxBody,
  maxDecompressed: defaults.maxDecompressed,
  maxRatio: defaults.maxRatio,
  maxDepth: defaults.maxDepth,
  maxNodes: defaults.maxNodes,
  maxBuffered: defaults.maxBuffered,
  sendTimeout: defaults.sendTimeout,
  upgradeTimeout: defaults.upgradeTimeout,
  deadline: defaults.deadline,
  requestTimeout: defaults.requestTimeout,
  keepAliveTimeout: defaults.keepAliveTimeout,
  maxTasks: defaults.maxTasks,
  allowedHosts: defaults.allowedHosts,
  allowedOrigins: defaults.allowedOrigins,
  'session.max': defaults.session.max,
  'session.idleTimeout': defaults.session.idleTimeout,
  'websocket.maxPayload': defaults.websocket.maxPayload,
  'websocket.highWaterMark': defaults.websocket.highWaterMark,
  'websocket.maxQueue': defaults.websocket.maxQueue,
  'websocket.maxFragments': defaults.websocket.maxFragments,
  'websocket.pingInterval': defaults.websocket.pingInterval,
} satisfies Readonly<Record<string, unknown>>

/** Options that bound nothing an attacker can use up. */
const others = [
  ...['debug', 'stopTimeout', 'keepAlive', 'pingTimeout', 'busyWhileOpen', 'maxLag', 'asyncLocalStorage', 'onStart'],
  ...['onStop', 'proxy', 'clock', 'newId', 'session.policy', 'session.store', 'session.onEvict', 'websocket.protocols'],
  ...['log.level', 'log.format', 'log.destination', 'log.redact', 'refusals'],
]

const nested = ['session', 'websocket', 'log'] as const

/** Settings that follow from an option and are none themselves: `reveals` from `debug`. */
const derived: ReadonlyArray<string> = ['reveals']

/** The names of all options, as the settings have them. */
const names = Object.entries(defaults)
  .flatMap(([name, value]) =>
    nested.some((group) => group === name) ? Object.keys(value as object).map((key) => `${name}.${key}`) : [name],
  )
  .filter((name) => !derived.includes(name))

/** The cells of the rows of tables. */
const rows = (text: string): ReadonlyArray<ReadonlyArray<string>> =>
  text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )

/** How a default may be written. */
const spellings = (name: string, value: unknown): ReadonlyArray<string> => {
  if (name === 'maxDecompressed') return ['as `maxBody`', '`maxBody`']
  if (Array.isArray(value)) return ['none', '`[]`']
  return [Number(value).toLocaleString('en-US'), String(value), ...(value === 0 ? ['0 (no limit)'] : [])]
}

describe('the options', () => {
  it('are all known here', () => {
    expect([...Object.keys(bounds), ...others].sort()).toEqual([...new Set([...names, 'websocket.protocols'])].sort())
  })

  it('are all in the manual', () => {
    const documented = rows(manual).map(([first]) => first)
    expect([...Object.keys(bounds), ...others].filter((name) => !documented.includes(`\`${name}\``))).toEqual([])
  })
})

describe('a limit', () => {
  it.each(Object.entries(bounds))('%s stands in SECURITY.md and in the manual with its default', (name, value) => {
    const inSecurity = rows(read('SECURITY.md')).filter(([, option = '']) => option.split(', ')[0] === `\`${name}\``)
    const inManual = rows(manual).filter(([option]) => option === `\`${name}\``)
    expect(inSecurity.map(([, , told]) => spellings(name, value).includes(told ?? ''))).toEqual([true])
    expect(inManual.filter(([, told]) => spellings(name, value).includes(told ?? ''))).toHaveLength(1)
  })

  it('of SECURITY.md is an option of `createApp`, of another function, a flag, or fixed', () => {
    const unknown = rows(read('SECURITY.md'))
      .filter((cells) => cells.length === 3 && !/^(limit|version|-+)$/.test(cells[0] ?? ''))
      .map(([, option = '']) => option)
      .filter((option) => !/^–$| of |Node[.]js$|^`provider[.]/.test(option))
      .filter((option) => !Object.hasOwn(bounds, (option.split(', ')[0] ?? '').replaceAll('`', '')))
    expect(unknown).toEqual([])
  })
})

it('SECURITY.md is complete and short', () => {
  const text = read('SECURITY.md')
  expect(text).not.toMatch(/<!--|TODO/)
  expect(text.split('\n').length).toBeLessThanOrEqual(141)
})
