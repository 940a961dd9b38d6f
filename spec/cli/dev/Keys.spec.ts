import type { ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { openerOn, openInBrowser } from '../../../lib/cli/dev/terminal/Browser'
import { hasKeys, keyHelp, keyLine, listenToKeys, toAction } from '../../../lib/cli/dev/terminal/Keys'
import { toStyle } from '../../../lib/cli/program/Style'
import type { World } from '../../../lib/cli/program/Cli'
import { worldIn } from '../world'

const style = toStyle({}, false)

const terminal = { isTTY: true, stream: Readable.from([]) }

/** A command of someone who types, and sees its output. */
const typingIn = (world: World) => ({
  ...world,
  stdin: terminal,
  stderr: { ...world.stderr, isTTY: true },
  isJson: false,
  isVerbose: false,
})

describe('the keys of dev', () => {
  it.each([
    ['o', 'open'],
    ['r', 'restart'],
    ['R', 'restart'],
    ['c', 'clear'],
    ['q', 'quit'],
    ['h', 'help'],
    ['?', 'help'],
    ['x', undefined],
    ['\u0004', undefined],
  ])('%j does %s', (key, action) => expect(toAction(key)).toBe(action))

  it('are all in the line that names them, which fits a narrow terminal, and in the help', () => {
    expect(keyLine(style)).toBe('o open · r restart · c clear · q quit · h help')
    expect(keyHelp(style).split('\n')).toHaveLength(5)
  })

  it('call what they are for', () => {
    const { world, err } = worldIn('/')
    const called: Array<string> = []
    let press: (key: string) => void = () => undefined
    const cli = {
      ...typingIn(world),
      onKey: (listener: (key: string) => void) => {
        press = listener
        return () => void called.push('off')
      },
    }
    const off = listenToKeys(cli, {
      url: 'http://127.0.0.1:1',
      restart: () => void called.push('restart'),
      quit: () => void called.push('quit'),
      say: (text) => void called.push(text(style)),
    })
    ;['r', 'q', 'c', 'z'].forEach((key) => press(key))
    off()
    expect(called).toEqual(['Restarting', 'restart', 'quit', keyLine(style), 'off'])
    expect(err()).toBe('\u001b[2J\u001b[3J\u001b[H')
  })

  it('are there only where someone types and sees what comes of it', () => {
    const { world } = worldIn('/')
    const cli = typingIn(world)
    expect(hasKeys(cli)).toBe(true)
    expect(hasKeys({ ...cli, isJson: true })).toBe(false)
    expect(hasKeys({ ...cli, stdin: world.stdin })).toBe(false)
    expect(hasKeys({ ...cli, stderr: world.stderr })).toBe(false)
    expect(hasKeys({ ...cli, env: { TERM: 'dumb' } })).toBe(false)
  })
})

/** A process that does what a spec says. */
const starting = (what: (child: EventEmitter) => void): World['spawn'] => {
  return () => {
    const child = Object.assign(new EventEmitter(), { unref: () => undefined })
    setImmediate(() => what(child))
    return child as unknown as ChildProcess // as far as it is used
  }
}

describe('a browser', () => {
  it('is said to have opened only where its program says so', async () => {
    const env = { DISPLAY: ':0' }
    const opens = (what: (child: EventEmitter) => void) => openInBrowser({ env, spawn: starting(what) }, 'http://x')()
    expect(await opens((child) => child.emit('exit', 0))).toBe(true)
    expect(await opens((child) => child.emit('exit', 3))).toBe(false)
    expect(await opens((child) => child.emit('error', new Error('ENOENT')))).toBe(false)
  })

  it('is opened by what the system has for it, without a shell', () => {
    expect(openerOn('darwin', {})?.file).toBe('/usr/bin/open')
    expect(openerOn('win32', { SystemRoot: 'D:\\Windows' })?.file).toMatch(/^D:\\Windows.*rundll32\.exe$/)
    expect(openerOn('linux', { DISPLAY: ':0' })?.file).toBe('xdg-open')
    expect(openerOn('linux', { BROWSER: '/opt/editor/browser.sh' })?.file).toBe('/opt/editor/browser.sh')
  })

  it('is not opened without a screen', () => {
    expect(openerOn('linux', { DISPLAY: '', BROWSER: 'a:b %s' })).toBeUndefined()
  })
})
