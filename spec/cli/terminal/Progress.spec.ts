/** What commands say beside their results: a terminal breaks it between words, anything else gets it on one line. */
import { stripVTControlCharacters } from 'node:util'
import { note } from '../../../lib/cli/program/Cli'
import { printLine } from '../../../lib/cli/terminal/Progress'
import { worldIn } from '../world'

const words = 'Using agent.ts (no .bedrock_agentcore.yaml; agentcore configure creates one)'

const saidBy = async (columns: number | undefined, say: 'note' | 'done' | 'notice'): Promise<string> => {
  let text = ''
  const { world } = worldIn('/', {
    stderr: {
      isTTY: columns !== undefined,
      columns: columns ?? 80,
      write: (data) => {
        text += String(data)
        return Promise.resolve()
      },
    },
  })
  const cli = { ...world, isJson: false, isVerbose: false }
  if (say === 'notice') await note(({ dim }) => dim(words))(cli)
  else printLine(words, say)(cli)
  return stripVTControlCharacters(text).replace('\r', '')
}

it.each<readonly [number | undefined, 'note' | 'done' | 'notice', string]>([
  [60, 'notice', 'Using agent.ts (no .bedrock_agentcore.yaml; agentcore\nconfigure creates one)\n'],
  [60, 'note', 'Using agent.ts (no .bedrock_agentcore.yaml; agentcore\nconfigure creates one)\n'],
  [60, 'done', '✓ Using agent.ts (no .bedrock_agentcore.yaml; agentcore\nconfigure creates one)\n'],
  [120, 'notice', `${words}\n`],
  [undefined, 'notice', `${words}\n`],
  [undefined, 'done', `✓ ${words}\n`],
])('in %s columns, a %s is %j', async (columns, say, text) => expect(await saidBy(columns, say)).toBe(text))
