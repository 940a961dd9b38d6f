/** What the specs of `agentcore invoke` share: a command line, and an agent that answers it. */
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { parse } from 'yaml'
import { createApp, entrypoint } from '../../../lib'
import type { World } from '../../../lib/cli/program/Cli'
import * as LocalRecord from '../../../lib/config/LocalRecord'
import { running, startLocalRuntime } from '../../../lib/local'
import { newControl } from '../../../lib/local/dataplane/Control'
import { identityNow } from '../../../lib/node/process/Processes'
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

const identityOf = (pid: number): string => O.getOrElse(() => '')(identityNow(pid))

/** A folder with an agent and a local runtime in front of it, and its record. */
export const withLocal = (
  agent: Parameters<typeof createApp>[0],
  use: (
    command: (...words: ReadonlyArray<string>) => Promise<Said>,
    folder: string,
    record: LocalRecord.LocalRecord,
  ) => Promise<void>,
  more: Partial<LocalRecord.LocalRecord> = {},
  file = yaml(),
): Promise<void> =>
  inFolder(async (folder) => {
    await writeFile(join(folder, '.bedrock_agentcore.yaml'), file)
    const app = createApp(agent, { log: { level: 'silent' } })
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { readonly port: number }
    const control = newControl()
    const started = await startLocalRuntime({
      name: 'hello',
      control,
      folder: join(folder, 'state'),
      launcher: running({ port }),
    })()
    if (E.isLeft(started)) throw new Error(JSON.stringify(started.left))
    const { url, arn, port: own, stop } = started.right
    const record = {
      ...{ agent: 'hello', pid: process.pid, port: own, endpoint: url, arn, startedAt: new Date(0).toISOString() },
      ...{ auth: 'none' as const, control, identity: identityOf(process.pid) },
      ...more,
    }
    await LocalRecord.write(folder, record)()
    try {
      await use((...words) => inWorld(folder, words), folder, record)
    } finally {
      await stop()
      await app.stop({ timeout: 0 })
    }
  })
