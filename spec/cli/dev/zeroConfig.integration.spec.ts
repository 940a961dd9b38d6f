import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { inProject, node, type Project, using } from '../support'
import { agentcore } from '../world'
import { agentOf, bin, yaml } from './developing'

/** What `agentcore dev` has said when it is ready, and the version that it serves. */
const served = (project: Project, args: ReadonlyArray<string> = []) =>
  using(node([bin, 'dev', '--port', '0', ...args], project.folder), async (dev) => {
    const [, url = ''] = await dev.says(/Ready at (http:\S+)/)
    const response = await fetch(`${url}/invocations`, { method: 'POST', body: '{}' })
    return { said: dev.output(), version: ((await response.json()) as { version: unknown }).version }
  })

describe('a folder without a configuration', () => {
  it.each(['agent.ts', 'src/index.ts'])('is developed from %s, and a line says so', (file) =>
    inProject({ [file]: agentOf(1) }, async (project) => {
      const { said, version } = await served(project)
      expect(version).toBe(1)
      expect(said).toContain(`Using ${file} (no .bedrock_agentcore.yaml; agentcore configure creates one)`)
      expect(existsSync(join(project.folder, '.bedrock_agentcore.yaml'))).toBe(false)
    }),
  )

  it('without an agent says what is looked for', () =>
    inProject({ 'notes.txt': '' }, async ({ folder }) => {
      const said = await agentcore(folder, ['dev'])
      expect(said.code).toBe(2)
      expect(said.stderr).toMatch(/^No agent found in this folder: there is neither \.bedrock_agentcore\.yaml nor/)
    }))

  it(
    'is built and deployed locally, seen by status and stopped',
    () =>
      inProject({ 'agent.mjs': agentOf(1) }, async ({ folder }) => {
        expect(await agentcore(folder, ['build'])).toMatchObject({ code: 0 })
        expect(existsSync(join(folder, 'dist/main.js'))).toBe(true)
        const deployed = await agentcore(folder, ['deploy', '--local', '--detach', '--port', '0', '--json'])
        expect(deployed.stderr).toContain('Using agent.mjs')
        expect(deployed).toMatchObject({ code: 0 })
        try {
          const invoked = await agentcore(folder, ['invoke', '{}'])
          expect(invoked).toMatchObject({ code: 0 })
          expect(JSON.parse(invoked.stdout)).toMatchObject({ version: 1 })
          expect((await agentcore(folder, ['status'])).stdout).toMatch(/agent \(default\)[\s\S]*running at http/)
        } finally {
          expect(await agentcore(folder, ['stop'])).toMatchObject({ code: 0 })
        }
      }),
    60_000,
  )

  it('has no agent of another name', () =>
    inProject({ 'agent.ts': agentOf(1) }, async ({ folder }) => {
      expect((await agentcore(folder, ['status', '--agent', 'other', '--json'])).stdout).toContain('CONFIG_NO_FILE')
    }))
})

describe('dev --entrypoint', () => {
  it('serves a file that no agent is configured with', () =>
    inProject({ '.bedrock_agentcore.yaml': yaml, 'agent.ts': agentOf(1), 'other.ts': agentOf(2) }, async (project) => {
      expect((await served(project, ['-e', 'other.ts'])).version).toBe(2)
      expect((await served(project, ['-e', 'agent.ts'])).version).toBe(1)
    }))

  it('cannot be used with --agent', () =>
    inProject({ 'agent.ts': agentOf(1) }, async ({ folder }) => {
      const said = await agentcore(folder, ['dev', '--agent', 'agent', '--entrypoint', 'agent.ts'])
      expect(said).toMatchObject({ code: 2 })
      expect(said.stderr).toContain('--agent and --entrypoint: use only one of them')
    }))
})
