import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { program } from '../../../lib/cli/agentcore'
import { explain, unexpected } from '../../../lib/cli/program/CliError'
import type { Command } from '../../../lib/cli/program/Command'
import { run } from '../../../lib/cli/program/Program'
import { hasColours } from '../../../lib/cli/program/Style'
import { inFolder, toolkitYaml } from '../../config/support'
import { read, root } from '../../package/support'
import { agentcore, inWorld, main, worldIn } from '../world'

const pathsBelow = (
  commands: ReadonlyArray<Command>,
  above: ReadonlyArray<string> = [],
): ReadonlyArray<ReadonlyArray<string>> =>
  commands.flatMap(({ name, commands: below = [] }) => [[...above, name], ...pathsBelow(below, [...above, name])])

const commands = pathsBelow(program().commands)
const version = (JSON.parse(read('package.json')) as { readonly version: string }).version

describe('agentcore', () => {
  it('tells its version', async () => {
    expect(await agentcore('/', ['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  it.each(['-v', '-V'])('tells its version by %s too', async (word) => {
    expect(await inWorld('/', [word])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('without a command shows its help', async () => {
    const said = await agentcore('/', [])
    expect(said).toMatchObject({ code: 0, stderr: '' })
    expect(said.stdout).toMatch(/^Usage: agentcore \[/)
    expect(said).toEqual(await agentcore('/', ['--help']))
  })

  it.each(commands.map((path) => [path.join(' '), path] as const))('%s --help has examples', async (name, path) => {
    const { code, stdout, stderr } = await inWorld('/', [...path, '--help'])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain(`Usage: agentcore ${name} `)
    expect(stdout).toMatch(new RegExp(`Examples:\\n {2}# .+\\n {2}\\$ agentcore ${name.split(' ')[0] ?? ''}`))
  })

  it.each([
    ['an unknown command', ['confgure'], `Unknown command 'confgure'. Did you mean configure? see agentcore --help`],
    [
      'an unknown flag',
      ['invoke', '--locl'],
      /^Unknown option '--locl'. Did you mean --local\? see agentcore invoke --help/,
    ],
    ['a flag without its value', ['status', '--agent'], /argument missing: see agentcore status --help/],
    ['too much', ['status', 'a'], /^Too many arguments for 'status'/],
    [
      'a missing argument',
      ['configure', 'set-default'],
      /^Missing required argument 'name': see agentcore configure set-default --help/,
    ],
    [
      'a wrong value',
      ['invoke', 'hi', '--port', 'x'],
      '--port: expected a port from 0 to 65535, got "x": see agentcore invoke --help',
    ],
    [
      'two wrong values',
      ['configure', '--port', 'x', '--region', 'mars', '--name', '7'].filter((word) => !['--port', 'x'].includes(word)),
      '--name: expected a letter, then at most 47 letters, digits and underscores, got "7"; --region: expected a region such as us-west-2, got "mars": see agentcore configure --help',
    ],
  ])('exits with 2 for %s, in one line that says what to do', async (_, words, line) => {
    const { code, stdout, stderr } = await inWorld('/', words)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr.split('\n')).toHaveLength(2)
    if (typeof line === 'string') expect(stderr).toBe(`${line}\n`)
    else expect(stderr).toMatch(line)
  })

  it('breaks the line of a failure between words where a terminal is narrower', async () => {
    const lines: Array<string> = []
    const terminal = {
      isTTY: true,
      columns: 40,
      write: async (text: string | Uint8Array) => void lines.push(String(text)),
    }
    const { code } = await inWorld('/', ['invoke', 'hi', '--port', 'x'], { stderr: terminal })
    const said = stripVTControlCharacters(lines.join(''))
    expect([code, said]).toEqual([
      2,
      '--port: expected a port from 0 to 65535,\ngot "x": see agentcore invoke --help\n',
    ])
  })

  it('exits with 1 for what fails, in one line that says what to do', async () => {
    await inFolder(async (folder) => {
      const { code, stdout, stderr } = await agentcore(folder, ['status'])
      expect([code, stdout]).toEqual([1, ''])
      expect(stderr).toBe(
        '.bedrock_agentcore.yaml not found: run agentcore configure --entrypoint FILE in the folder of the agent\n',
      )
    })
  })

  it('shows every fault of a file with --verbose', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, '.bedrock_agentcore.yaml'), 'agents:\n  a: 1\n  b: 2\n')
      const [brief, verbose] = [await inWorld(folder, ['status']), await inWorld(folder, ['status', '--verbose'])]
      expect(brief.stderr).toMatch(
        /^\.bedrock_agentcore\.yaml:2 agents\.a: expected a map.* \(and 1 more\): fix the file/,
      )
      expect(verbose.stderr).toMatch(/\.bedrock_agentcore\.yaml:3 agents\.b: expected a map/)
    })
  })

  it('tells what nobody thought of as that, with its stack for --verbose', async () => {
    const broken: Command = {
      name: 'break',
      summary: 'break',
      flags: {},
      examples: [],
      execute: () => () => () => Promise.reject(new Error('oh\nno')),
    }
    const { world, err } = worldIn('/')
    expect(await run({ ...program(), commands: [broken] }, ['break', '--verbose'])(world)()).toBe(1)
    expect(err()).toMatch(/^oh no: this is a bug; .*\n.*Error: oh\nno\n {4}at /)
    expect(explain(unexpected('x')).message).toBe('x')
  })
})

describe('--json', () => {
  it.each([
    ['a usage error', ['status', 'a', '--json'], 2, 'USAGE'],
    ['an unknown command', ['confgure', '--json'], 2, 'USAGE'],
    ['a failure', ['status', '--json'], 1, 'CONFIG_NO_FILE'],
  ])('prints %s as one document on stdout, and as text on stderr', async (_, words, code, name) => {
    await inFolder(async (folder) => {
      const said = await agentcore(folder, words)
      expect(said.code).toBe(code)
      expect(JSON.parse(said.stdout)).toMatchObject({ error: expect.any(String), code: name, next: expect.any(String) })
      expect(said.stderr).not.toBe('')
    })
  })

  it.each([
    [['status', '--local']],
    [['configure', 'list']],
    [['configure', 'set-default', 'support']],
    [['configure', '--name', 'support', '--idle-timeout', '700']],
  ])('prints the result of %j alone', async (words) => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, '.bedrock_agentcore.yaml'), toolkitYaml)
      const { code, stdout, stderr } = await agentcore(folder, [...words, '--json'])
      expect([code, stderr]).toEqual([0, ''])
      expect(JSON.parse(stdout)).toEqual(expect.any(Object))
    })
  })
})

describe('colours', () => {
  const escape = '\u001b['

  it.each([
    ['a pipe', {}, false, false],
    ['a terminal', {}, true, true],
    ['a terminal with NO_COLOR', { NO_COLOR: '1' }, true, false],
    ['a terminal with an empty NO_COLOR', { NO_COLOR: '' }, true, true],
    ['a pipe with FORCE_COLOR', { FORCE_COLOR: '1' }, false, true],
    ['a terminal with FORCE_COLOR=0', { FORCE_COLOR: '0' }, true, false],
    ['both variables', { FORCE_COLOR: '1', NO_COLOR: '1' }, true, false],
    ['a dumb terminal', { TERM: 'dumb' }, true, false],
  ])('of %s', (_, env, isTTY, has) => {
    expect(hasColours(env, isTTY)).toBe(has)
  })

  it('reach a pipe only by force', async () => {
    const clean = { NO_COLOR: undefined, FORCE_COLOR: undefined }
    const [plain, forced, none] = await Promise.all([
      agentcore('/', ['x'], { env: clean }),
      agentcore('/', ['x'], { env: { ...clean, FORCE_COLOR: '1' } }),
      agentcore('/', ['x'], { env: { FORCE_COLOR: '1', NO_COLOR: '1' } }),
    ])
    expect([plain, forced, none].map(({ stderr }) => stderr.includes(escape))).toEqual([false, true, false])
  })
})

describe('a process of agentcore', () => {
  const onLinux = process.platform === 'linux' ? it : it.skip

  onLinux.each([
    ['its help', ['--help']],
    ['its version', ['--version']],
    ['a result', ['configure', 'list']],
    ['the document of a failure', ['nonsense', '--json']],
  ])('that cannot write %s says so in one line', async (_, words) => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, '.bedrock_agentcore.yaml'), toolkitYaml)
      const full = openSync('/dev/full', 'w')
      const child = spawn(process.execPath, [main, ...words], { cwd: folder, stdio: ['ignore', full, 'pipe'] })
      closeSync(full)
      let said = ''
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
      const [code] = (await once(child, 'close')) as ReadonlyArray<unknown>
      expect([code, said]).toEqual([1, 'Could not write the output: no space left on the disk (ENOSPC)\n'])
    })
  })

  it('ends without a word when its reader leaves', async () => {
    const child = spawn(process.execPath, [main, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    const [code] = (await once(child, 'close')) as ReadonlyArray<unknown>
    expect([code, said]).toEqual([0, ''])
  })

  it('loads none of what commands do before one is run', () => {
    const script = `
      require('${join(root, 'dist/lib/cli/program/Program.js')}')
      require('${join(root, 'dist/lib/cli/agentcore.js')}').program()
      const packages = Object.keys(require.cache).map((path) => /node_modules.((?:@[^/\\\\]+.)?[^/\\\\]+)/.exec(path)?.[1])
      console.log(packages.join())`
    const loaded = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })
    const packages = new Set(
      loaded
        .trim()
        .split(',')
        .filter((name) => name !== ''),
    )
    expect([...packages].sort()).toEqual(['commander', 'fp-ts', 'picocolors'])
  })
})
