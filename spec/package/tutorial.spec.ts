/** The tutorial, followed to its end: each version of the agent does what its section says, and its test passes. */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as ts from 'typescript'
import { fences, read, root } from './support'

const run = promisify(execFile)

const folder = mkdtempSync(join(tmpdir(), 'agentcore-fp-tutorial-'))

/** The only TypeScript of a section. */
const source = (heading: string): string => {
  const [found, ...more] = fences(read('docs/tutorial.md')).filter(
    (fence) => fence.heading === heading && fence.info.startsWith('ts'),
  )
  if (found === undefined || more.length > 0) throw new Error(`The section ${heading} must show one file`)
  return found.text
}

const compilerOptions: ts.CompilerOptions = {
  module: ts.ModuleKind.CommonJS,
  target: ts.ScriptTarget.ES2022,
  esModuleInterop: true,
}

const save = (name: string, text: string): void =>
  writeFileSync(join(folder, name), ts.transpileModule(text, { compilerOptions }).outputText)

/** Saves the agent of a section, and gives its responses to prompts of one session. */
const talk = async (heading: string, ...prompts: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  save('agent.js', source(heading))
  const script = `
    const { app } = require('./agent')
    const headers = { 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id': 'tutorial-0123456789-0123456789-0123456789' }
    const main = async () => {
      const said = []
      for (const prompt of ${JSON.stringify(prompts)}) {
        const response = await app.inject('/invocations', { method: 'POST', headers, body: JSON.stringify({ prompt }) })
        const events = [...(await response.text()).matchAll(/^data: (.*)$/gm)]
        said.push(events.map(([, data]) => JSON.parse(data)).join(''))
      }
      process.stdout.write('\\nSAID' + JSON.stringify(said) + '\\n') // between lines of the log
    }
    void main()`
  const { stdout } = await run(process.execPath, ['-e', script], { cwd: folder })
  return JSON.parse(/^SAID(.*)$/m.exec(stdout)?.[1] ?? '[]') as ReadonlyArray<string>
}

beforeAll(() => {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/agentcore-fp'))
  symlinkSync(join(root, 'node_modules/zod'), join(folder, 'node_modules/zod'))
  for (const name of ['model.js', 'scripted.js'])
    cpSync(join(root, 'dist/examples/models', name), join(folder, 'models', name))
})

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

describe('the tutorial', () => {
  it('has an agent that talks to a model, and forgets', async () => {
    expect(await talk('Talk to a model', 'My name is Ada', 'Who am I?')).toEqual([
      'Nice to meet you, Ada.',
      'You have not told me your name yet.',
    ])
  })

  it('has one that remembers', async () => {
    expect(await talk('Remember the conversation', 'My name is Ada', 'Who am I?')).toEqual([
      'Nice to meet you, Ada.',
      'Your name is Ada.',
    ])
  })

  it('has one with a tool, and a test that passes', async () => {
    const [time, name] = await talk('Give it a tool', 'What time is it in Tokyo?', 'Who am I?')
    expect(time).toMatch(/^The clock says: "\d+:\d\d:\d\d/)
    expect(name).toBe('You have not told me your name yet.')
    save('agent.test.js', source('Test it'))
    const { stdout } = await run(process.execPath, ['--test', 'agent.test.js'], { cwd: folder })
    expect(stdout).toMatch(/pass 2\n[^]*fail 0/)
  })
})
