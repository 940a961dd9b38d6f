/** The parts of the command line that are for a person, in a real terminal: tmux types and reads the screen. */
import { join } from 'node:path'
import { readFile, writeFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { Handler, websocket } from '../../lib'
import { inFolder } from '../config/support'
import { served } from '../http/support'
import { hasTmux, inTerminal, type Terminal } from './tmux'
import { main } from './world'

const isMissing = !hasTmux()
if (isMissing) process.stdout.write('SKIPPED: tmux is not here\n')
const test = isMissing ? it.skip : it

const inShell = (folder: string, use: (terminal: Terminal) => Promise<void>): Promise<void> =>
  inTerminal(folder, { AWS_REGION: 'eu-west-1' }, use)

const command = (words: string): string => `'${process.execPath}' '${main}' ${words}`

const agentIn = async (folder: string): Promise<Readonly<Record<string, unknown>>> => {
  const file = parse(await readFile(join(folder, '.bedrock_agentcore.yaml'), 'utf8')) as {
    readonly agents: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  }
  return file.agents['chatty'] ?? {}
}

describe('configure in a terminal', () => {
  test('asks for what the flags leave open, with good defaults, and says what is wrong with an answer', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'agent.ts'), '')
      await inShell(folder, async ({ type, shows }) => {
        type(command('configure'), 'Enter')
        await shows(/New agent from agent\.ts[^]*Agent name[^]*agent/)
        type('BSpace', 'BSpace', 'BSpace', 'BSpace', 'BSpace', '7', 'Enter')
        await shows(/expected a letter, then at most 47/)
        type('BSpace', 'chatty', 'Enter')
        await shows(/Deployment type[^]*code: [^]*container: /)
        type('Down', 'Enter')
        await shows(/AWS region[^]*eu-west-1/)
        type('Enter')
        await shows(/ARN of its execution role/)
        type('Enter')
        await shows(/Who may call it\?/)
        type('Enter')
        await shows(/Done[^]*chatty is written to \.bedrock_agentcore\.yaml/)
      })
      expect(await agentIn(folder)).toMatchObject({ deployment_type: 'container', aws: { region: 'eu-west-1' } })
    })
  }, 60_000)

  test('is broken off by Ctrl-C, and writes nothing', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'agent.ts'), '')
      await inShell(folder, async ({ type, shows }) => {
        type(`${command('configure')}; echo code $?`, 'Enter')
        await shows(/Agent name/)
        type('C-c')
        await shows(/Cancelled\s+code 1/)
      })
      await expect(readFile(join(folder, '.bedrock_agentcore.yaml'))).rejects.toThrow('ENOENT')
    })
  }, 60_000)

  test('asks nothing with --non-interactive', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'agent.ts'), '')
      await inShell(folder, async ({ type, shows }) => {
        type(command('configure --name chatty --non-interactive'), 'Enter')
        await shows(/chatty is written to/)
      })
      expect(await agentIn(folder)).toMatchObject({ entrypoint: 'agent.ts' })
    })
  }, 60_000)
})

describe('invoke --ws in a terminal', () => {
  test('is a conversation: a line is a message, answers are printed as they come, Ctrl-D ends it', async () => {
    const agent = websocket(Handler.fromMessages((messages) => messages))
    await served(agent, async ({ port }) => {
      await inFolder(async (folder) => {
        await inShell(folder, async ({ type, shows }) => {
          type(`${command(`invoke --ws --dev --port ${port} --wait 0`)}; echo code $?`, 'Enter')
          await shows(/Each line is sent as a message/)
          type('hello', 'Enter')
          await shows(/\{"prompt":"hello"\}/)
          type('{"a":1}', 'Enter')
          await shows(/> \{"a":1\}\s+\{"a":1\}/)
          type('C-d')
          await shows(/code 0/)
        })
      })
    })
  }, 60_000)

  test('ends at Ctrl-C', async () => {
    const agent = websocket(Handler.fromMessages((messages) => messages))
    await served(agent, async ({ port }) => {
      await inFolder(async (folder) => {
        await inShell(folder, async ({ type, shows }) => {
          type(`${command(`invoke --ws --dev --port ${port}`)}; echo code $?`, 'Enter')
          await shows(/Each line is sent as a message/)
          type('C-c')
          await shows(/code 1/)
        })
      })
    })
  }, 60_000)
})
