/** What the specs of `agentcore dev` share: a project that is being developed. */
import { join } from 'node:path'
import { isAlive } from '../../../lib/node/process/Processes'
import { inProject, node, type Project, root, type Spawned, until, using } from '../support'

export const bin = join(root, 'dist/lib/cli/main.js')

export const yaml = `default_agent: agent
agents:
  agent:
    name: agent
    entrypoint: agent.ts
    language: typescript
`

export const agentOf = (version: number | string, more = ''): string => `
import { createApp, entrypoint, Handler, websocket } from 'agentcore-fp'
import { pipe } from 'fp-ts/function'
${more}
export const app = createApp(
  pipe(
    entrypoint(Handler.fromSync(() => ({ version: ${version}, pid: process.pid, dev: process.env['LOCAL_DEV'], own: process.env['OWN'], file: process.env['FILE'] }))),
    websocket(Handler.fromMessages((messages) => messages)),
  ),
)
`

interface Dev extends Spawned {
  readonly project: Project
  readonly url: string
  readonly ask: () => Promise<{ readonly version: unknown; readonly pid: number; readonly [key: string]: unknown }>
}

export const isGone = (pid: number): Promise<true> =>
  until(
    () => (isAlive(pid) ? undefined : true),
    () => `${pid} is gone`,
  )

/** `agentcore dev` in a new project, from its start until the spec is over. */
export const developing = (
  files: Readonly<Record<string, string>>,
  use: (dev: Dev) => Promise<void>,
  args: ReadonlyArray<string> = [],
  env: Readonly<Record<string, string>> = {},
): Promise<void> =>
  inProject({ '.bedrock_agentcore.yaml': yaml, ...files }, (project) =>
    using(
      node([bin, 'dev', '--port', '0', ...args], project.folder, { AWS_PROFILE: 'nobody', ...env }),
      async (spawned) => {
        const [, url = ''] = await spawned.says(/Ready at (http:\S+)/)
        const ask = async () =>
          (await (await fetch(`${url}/invocations`, { method: 'POST', body: '{}' })).json()) as Awaited<
            ReturnType<Dev['ask']>
          >
        await use({ ...spawned, project, url, ask })
      },
    ),
  )

/** Ends `agentcore dev` by a signal, and finds nothing of it left. */
export const leavesNothingOn = async (signal: NodeJS.Signals): Promise<void> => {
  await developing({ 'agent.ts': agentOf(1) }, async (dev) => {
    const { pid } = await dev.ask()
    dev.child.kill(signal)
    expect(await dev.ended).toBe(0)
    await isGone(pid)
    await expect(fetch(`${dev.url}/ping`)).rejects.toThrow()
  })
}
