import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { privateFolder, writePrivate } from '../../../lib/node/file/PrivateFile'

const inFolder = async (use: (folder: string) => Promise<void> | void): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'agentcore-'))
  try {
    await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('the folder of the commands', () => {
  it('is ignored by git from the first file on', () =>
    inFolder(async (folder) => {
      const git = (...args: ReadonlyArray<string>): string =>
        execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' })
      git('init', '-q')
      await writePrivate(join(folder, '.bedrock_agentcore', 'agent', 'build', 'main.js'), 'program')
      writeFileSync(join(folder, 'agent.ts'), '')
      expect(git('status', '--porcelain', '--untracked-files=all')).toBe('?? agent.ts\n')
    }))

  it('keeps the ignore file that somebody has changed', () =>
    inFolder((folder) => {
      const ignore = join(folder, '.bedrock_agentcore', '.gitignore')
      privateFolder(join(folder, '.bedrock_agentcore', 'agent'))
      writeFileSync(ignore, '*\n!agent/Dockerfile\n')
      privateFolder(join(folder, '.bedrock_agentcore', 'other'))
      expect(readFileSync(ignore, 'utf8')).toBe('*\n!agent/Dockerfile\n')
    }))

  it('is the only one with an ignore file', () =>
    inFolder((folder) => {
      privateFolder(join(folder, 'elsewhere', 'agent'))
      expect(() => readFileSync(join(folder, 'elsewhere', '.gitignore'))).toThrow('ENOENT')
    }))
})
