import { execFileSync, spawnSync } from 'node:child_process'
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { scripts } from '../../../lib/cli/completion/scripts'
import { inFolder, toolkitYaml } from '../../config/support'
import { agentcore, inWorld, main } from '../world'

const has = (shell: string): boolean => spawnSync(shell, ['--version'], { stdio: 'ignore' }).status === 0

/** What bash completes a line to, by the functions that it calls itself. */
const completedIn = async (cwd: string, words: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const bin = join(cwd, 'bin')
  await mkdir(bin, { recursive: true })
  await writeFile(join(bin, 'agentcore'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
  await chmod(join(bin, 'agentcore'), 0o755)
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  const script = `
    source <(agentcore completion bash)
    COMP_WORDS=(agentcore ${quoted})
    COMP_CWORD=${words.length}
    _agentcore
    (( \${#COMPREPLY[@]} )) && printf '%s\\n' "\${COMPREPLY[@]}"
    complete -p agentcore agentcore-fp >&2`
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` }
  const said = execFileSync('bash', ['--norc', '-c', script], {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return said.split('\n').filter((line) => line !== '')
}

const inBash = has('bash') ? it : it.skip

describe('the script of bash', () => {
  inBash.each([
    [['st'], ['status', 'stop-session', 'stop']],
    [['invoke', '--agent', ''], ['support']],
    [['invoke', '--new'], ['--new-session']],
    [['configure', 'set-default', ''], ['support']],
    [['configure', '--entrypoint', ''], []],
  ])('completes %j', async (words, completed) => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, '.bedrock_agentcore.yaml'), toolkitYaml)
      expect(await completedIn(folder, words)).toEqual(completed)
    })
  })

  inBash('evaluates nothing of the line', async () => {
    await inFolder(async (folder) => {
      await completedIn(folder, ['invoke', '$(touch evaluated)', '`touch evaluated`', '"; touch evaluated; "', ''])
      expect(await readdir(folder)).toEqual(['bin'])
    })
  })

  inBash('completes the other name of the program too, wherever it lies', async () => {
    await inFolder(async (folder) => {
      await completedIn(folder, [''])
      await symlink(join(folder, 'bin/agentcore'), join(folder, 'agentcore-fp'))
      const line = `source <(./agentcore-fp completion bash); COMP_WORDS=(./agentcore-fp 'bu'); COMP_CWORD=1; _agentcore; echo "$COMPREPLY"`
      expect(execFileSync('bash', ['--norc', '-c', line], { cwd: folder, encoding: 'utf8' })).toBe('build\n')
    })
  })
})

describe('the scripts of other shells', () => {
  const shells = ['zsh', 'fish'].map((shell) => [shell] as const)

  it.each(shells)('%s parses where it is installed', async (shell) => {
    if (!has(shell)) return
    await inFolder(async (folder) => {
      const file = join(folder, 'script')
      await writeFile(file, scripts[shell] ?? '')
      const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' })
      expect([status, stderr]).toEqual([0, ''])
    })
  })

  it.each(shells)('%s hands its words to suggest for both names of the program', async (shell) => {
    const { code, stdout } = await inWorld('/', ['completion', shell])
    expect(code).toBe(0)
    expect(stdout).toContain('completion suggest -- ')
    expect(stdout).toMatch(/agentcore-fp/)
    expect(stdout).not.toMatch(/\beval\b/)
  })
})

describe('agentcore completion', () => {
  it('refuses a shell that it does not know', async () => {
    expect(await inWorld('/', ['completion', 'tcsh'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'Unknown shell: tcsh: choose bash, zsh or fish\n',
    })
  })

  it('suggests from the file of the agents, with what a word is for', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, '.bedrock_agentcore.yaml'), toolkitYaml)
      expect((await agentcore(folder, ['completion', 'suggest', '--', 'status\n-a\ns'])).stdout).toBe(
        'support\tagent\n',
      )
    })
  })

  it('suggests commands and flags where the file is missing or broken', async () => {
    await inFolder(async (folder) => {
      expect((await inWorld(folder, ['completion', 'suggest', '--', 'sta'])).stdout).toMatch(/^status\t/)
      await writeFile(join(folder, '.bedrock_agentcore.yaml'), 'agents: [')
      expect(await inWorld(folder, ['completion', 'suggest', '--', 'invoke\n--agent\n'])).toMatchObject({
        code: 0,
        stdout: '',
      })
    })
  })
})
