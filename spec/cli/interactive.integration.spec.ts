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

  test('asks for the issuer of tokens in words, and for a default agent where there is one', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'agent.ts'), '')
      await inShell(folder, async ({ type, shows }) => {
        type(command('configure -e agent.ts --name first --non-interactive'), 'Enter')
        await shows(/first is the default agent/)
        type(command('configure -e agent.ts --name chatty --s3 auto --region us-east-1'), 'Enter')
        await shows(/ARN of its execution role/)
        type('Enter')
        await shows(/Who may call it\?/)
        type('Down', 'Enter')
        await shows(/Issuer URL of the provider/)
        type('idp.example', 'Enter')
        await shows(/expected the https URL of an OpenID provider/)
        type('C-u', 'https://idp.example', 'Enter')
        for (const question of [/Accepted client ids/, /Accepted audiences/, /Scopes of which one is needed/]) {
          await shows(question)
          type('Enter')
        }
        await shows(/Enter at least one client id, audience or scope[^]*Accepted client ids/)
        type('web, app', 'Enter')
        await shows(/Enter at least one[^]*Accepted audiences/)
        type('Enter')
        await shows(/Enter at least one[^]*Scopes of which one is needed/)
        type('Enter')
        await shows(/Make it the default agent\? \(now: first\)/)
        type('Enter')
        await shows(/chatty is written to[^]*The default agent is still first/)
      })
      expect(await agentIn(folder)).toMatchObject({
        authorizer_configuration: {
          customJWTAuthorizer: {
            discoveryUrl: 'https://idp.example/.well-known/openid-configuration',
            allowedClients: ['web', 'app'],
          },
        },
      })
    })
  }, 60_000)

  test('shows what changes of an agent, and writes it only if that is meant', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'agent.ts'), '')
      await inShell(folder, async ({ type, shows }) => {
        type(command('configure -e agent.ts --name chatty --non-interactive'), 'Enter')
        await shows(/chatty is written to/)
        type(`clear; ${command('configure --name chatty --region us-east-1')}`, 'Enter')
        await shows(/aws\.region +eu-west-1 → us-east-1[^]*Write them\?/)
        type('n')
        await shows(/Nothing is written[^]*chatty is unchanged/)
        expect(await agentIn(folder)).toMatchObject({ aws: { region: 'eu-west-1' } })
        type(`clear; ${command('configure --name chatty --region us-east-1')}`, 'Enter')
        await shows(/Write them\?/)
        type('Enter')
        await shows(/chatty is changed in/)
        expect(await agentIn(folder)).toMatchObject({ aws: { region: 'us-east-1' } })
      })
    })
  }, 60_000)

  test('is broken off by Ctrl-C, and writes nothing', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'agent.ts'), '')
      await inShell(folder, async ({ type, shows }) => {
        type(`${command('configure')}; echo code $?`, 'Enter')
        await shows(/Agent name/)
        type('C-c')
        await shows(/Cancelled\s+code 130/)
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
          await shows(/code 130/)
        })
      })
    })
  }, 60_000)
})
