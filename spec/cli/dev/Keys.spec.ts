import { Readable } from 'node:stream'
import { openerOn } from '../../../lib/cli/dev/terminal/Browser'
import { hasKeys, keyHelp, keyLine, listenToKeys, toAction } from '../../../lib/cli/dev/terminal/Keys'
import { toStyle } from '../../../lib/cli/program/Style'
import { worldIn } from '../world'

const style = toStyle({}, false)

const terminal = { isTTY: true, stream: Readable.from([]) }

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
      ...world,
      stdin: terminal,
      stderr: { ...world.stderr, isTTY: true },
      isJson: false,
      isVerbose: false,
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
    const cli = {
      ...world,
      stdin: terminal,
      stderr: { ...world.stderr, isTTY: true },
      isJson: false,
      isVerbose: false,
    }
    expect(hasKeys(cli)).toBe(true)
    expect(hasKeys({ ...cli, isJson: true })).toBe(false)
    expect(hasKeys({ ...cli, stdin: world.stdin })).toBe(false)
    expect(hasKeys({ ...cli, stderr: world.stderr })).toBe(false)
    expect(hasKeys({ ...cli, env: { TERM: 'dumb' } })).toBe(false)
  })
})

describe('a browser', () => {
  it('is opened by what the system has for it, without a shell', () => {
    expect(openerOn('darwin', {})?.file).toBe('/usr/bin/open')
    expect(openerOn('win32', { SystemRoot: 'D:\\Windows' })?.file).toMatch(/^D:\\Windows.*rundll32\.exe$/)
    expect(openerOn('linux', { DISPLAY: ':0' })?.file).toBe('xdg-open')
  })

  it('is not opened without a screen', () => {
    expect(openerOn('linux', {})).toBeUndefined()
  })
})
