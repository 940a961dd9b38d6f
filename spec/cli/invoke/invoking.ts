/** What the specs of `agentcore invoke` share: a command line, and an agent that answers it. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { parse } from 'yaml'
import { entrypoint } from '../../../lib'
import type { World } from '../../../lib/cli/program/Cli'
import { inFolder } from '../../config/support'
import { served } from '../../http/support'
import { inWorld, type Said } from '../world'

// ---------------------------------------------------------------------------------------------------------------------
// what is invoked
// ---------------------------------------------------------------------------------------------------------------------

export const yaml = (more = ''): string => `default_agent: hello
agents:
  hello:
    name: hello
    entrypoint: agent.ts
    deployment_type: direct_code_deploy
    aws:
      region: us-west-2
${more}`

/** An agent that tells what it was asked, and with which headers. */
export const mirror = entrypoint((payload, { sessionId, headers, userId }) =>
  TE.right({ payload, sessionId, userId: O.toNullable(userId), headers: headers.toRecord() }),
)

/** A folder with the file of an agent, and the agent of a `dev` at a port. */
export const withDev = (
  agent: Parameters<typeof served>[0],
  use: (
    invoke: (words: ReadonlyArray<string>, more?: Partial<World>) => Promise<Said>,
    folder: string,
    port: number,
  ) => Promise<void>,
): Promise<void> =>
  inFolder(async (folder) => {
    await writeFile(join(folder, '.bedrock_agentcore.yaml'), yaml())
    await served(agent, ({ port }) =>
      use((words, more) => inWorld(folder, ['invoke', ...words, '--dev', '--port', String(port)], more), folder, port),
    )
  })

export const keptIn = async (folder: string): Promise<unknown> => {
  const file = parse(await readFile(join(folder, '.bedrock_agentcore.yaml'), 'utf8')) as {
    readonly agents: { readonly hello: { readonly bedrock_agentcore?: { readonly agent_session_id?: unknown } } }
  }
  return file.agents.hello.bedrock_agentcore?.agent_session_id
}
