import { readdirSync } from 'node:fs'
import { read, root } from './support'

/** What a newcomer sees first: each has a place there, or a tool that looks for it nowhere else. */
const top = [
  '.ci',
  '.editorconfig',
  '.gitignore',
  '.npmrc',
  '.prettierignore',
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'bench',
  'create-agentcore-fp',
  'docs',
  'eslint.config.mjs',
  'examples',
  'lib',
  'llms.txt',
  'package-lock.json',
  'package.json',
  'spec',
  'tsconfig.json',
]

const ignored = [
  '.git',
  ...read('.gitignore')
    .split('\n')
    .map((line) => line.replace(/^[/]|[/]$/g, '')),
]

describe('the top of the repository', () => {
  it('holds nothing but what belongs there', () => {
    const isIgnored = (name: string): boolean =>
      ignored.some(
        (pattern) =>
          pattern !== '' && new RegExp(`^${pattern.replaceAll('.', '[.]').replaceAll('*', '.*')}$`).test(name),
      )
    expect(readdirSync(root).filter((name) => !top.includes(name) && !isIgnored(name))).toEqual([])
  })
})
