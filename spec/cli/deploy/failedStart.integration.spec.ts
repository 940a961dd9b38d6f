import { lastLines, listeningPort } from '../../../lib/cli/deploy/trial/StartFailure'
import { agent, background, deploy, deploying } from './deploying'

const needsKey = `
if (process.env.MODEL_API_KEY === undefined) throw new Error('MODEL_API_KEY is missing')
${agent(1)}`

describe('an agent that throws when it starts', () => {
  it('is explained by its last lines, its exit code, and the variables of .env that it was not given', () =>
    deploying({ 'agent.js': needsKey, '.env': 'MODEL_API_KEY=k\nPATH=/bin\nOTHER=1\n' }, async (project) => {
      const { code, stderr } = await deploy(project, '--local', '--detach')
      expect(code).toBe(1)
      expect(stderr).toContain('  Error: MODEL_API_KEY is missing\n')
      expect(stderr).toMatch(/^ +at .*agent\.js:2:\d+\)?$/m)
      expect(stderr).not.toMatch(/node:internal|PORT/)
      expect(stderr.trimEnd().split('\n').at(-1)).toBe(
        'The agent exited with code 1 before it responded to /ping: deploy does not read .env. Pass it with --env-from .env if the agent needs MODEL_API_KEY, OTHER',
      )
    }))

  it('starts with --env-from, which --env overrides', () =>
    deploying({ 'agent.js': needsKey, '.env': 'MODEL_API_KEY=k\nOWN=file\n' }, async (project) => {
      const { code, stderr } = await deploy(project, '--local', '--detach', '--env-from', '.env', '--env', 'OWN=given')
      expect([code, stderr]).toEqual([0, expect.stringContaining('responded to /ping')])
    }))

  it('is no concern of --json, which has the lines as details', () =>
    deploying({ 'agent.js': needsKey }, async (project) => {
      const { code, record } = await deploy(project, ...background)
      expect([code, record]).toEqual([
        1,
        expect.objectContaining({
          code: 'AGENT_FAILED',
          next: 'fix the error above',
          details: expect.arrayContaining(['Error: MODEL_API_KEY is missing']) as unknown,
        }),
      ])
    }))
})

describe('an agent that listens on a port of its own', () => {
  it('is told so within seconds', () =>
    deploying({ 'agent.js': `${agent(1)}\nexports.app.run({ port: 48085 })` }, async (project) => {
      const began = performance.now()
      const { code, stderr } = await deploy(project, '--local', '--detach')
      expect(code).toBe(1)
      expect(stderr).toMatch(
        /The agent listens on port 48085, not on PORT, which is \d+: pass no port to run\(\), or process\.env\.PORT\n$/,
      )
      expect(performance.now() - began).toBeLessThan(25_000)
    }))
})

describe('--env-from', () => {
  it('of no file is a wrong command line', () =>
    deploying({ 'agent.js': agent(1) }, async (project) => {
      const { code, stderr } = await deploy(project, '--local', '--env-from', 'none.env')
      expect([code, stderr]).toEqual([2, '--env-from: there is no file none.env: pass the path of an existing file\n'])
    }))
})

describe('the last lines of an output', () => {
  it('leave out the frames of Node, and show entries of a log as people read them', () => {
    expect(
      lastLines([
        '{"timestamp":"2026-11-25T22:27:53.827Z","level":"ERROR","message":"No disk","logger":"agentcore-fp","code":7,"stackTrace":"Error: x\\n    at f (/a/b.ts:1:2)\\n    at node:internal/main:1"}',
        '',
        '    at Module._compile (node:internal/modules/cjs/loader:1554:14)',
        'Node.js v22.23.0',
      ]),
    ).toEqual(['22:27:53.827 ERROR No disk code=7', '    Error: x', '    at f (/a/b.ts:1:2)'])
  })

  it('are ten', () => {
    expect(lastLines(Array.from({ length: 30 }, (_, i) => `line ${i}`))).toEqual(
      Array.from({ length: 10 }, (_, i) => `line ${i + 20}`),
    )
  })
})

describe('the port of an output', () => {
  it.each([
    ['{"level":"INFO","message":"Listening on http://127.0.0.1:8085","port":8085}', 8085],
    ['Server listening on port 3000', 3000],
    ['listening at http://localhost:4000/', 4000],
    ['ready to serve 8080 clients', undefined],
    ['{"message":"Listening closely"}', undefined],
  ])('of %s is %s', (line, port) => expect(listeningPort(`before\n${line}\n`)).toBe(port))
})
