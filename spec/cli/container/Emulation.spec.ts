import * as fc from 'fast-check'
import { runsOnTarget } from '../../../lib/cli/container/Emulation'
import { type ImagePlan, toDockerfile } from '../../../lib/cli/container/Dockerfile'

const plan: ImagePlan = { nodeVersion: '22', entry: 'agent.ts', install: { _tag: 'Nothing' }, native: [] }

describe('runsOnTarget', () => {
  it('tells whether a generated Dockerfile needs emulation: only for packages with machine code', () => {
    expect(runsOnTarget(toDockerfile(plan))).toBe(false)
    expect(runsOnTarget(toDockerfile({ ...plan, native: ['sharp'] }))).toBe(true)
  })

  it.each([
    ['a command in the only stage', 'FROM node\nRUN npm ci', true],
    ['no command', 'FROM node\nCOPY . .\nCMD ["node", "main.js"]', false],
    ['a command that is a comment', 'FROM node\n# RUN npm ci', false],
    [
      'a command in a native stage',
      'FROM --platform=$BUILDPLATFORM node AS b\nRUN npm ci\nFROM node\nCOPY --from=b /a /a',
      false,
    ],
    ['a braced variable', 'FROM --platform=${BUILDPLATFORM} node\nRUN npm ci', false],
    ['a stage on a native one', 'FROM --platform=$BUILDPLATFORM node AS a\nFROM a AS b\nRUN x\nFROM node', false],
    ['a stage of a fixed platform', 'FROM --platform=linux/arm64 node\nRUN x', true],
    ['a command after a native stage', 'FROM --platform=$BUILDPLATFORM node AS a\nFROM node\nrun x', true],
    ['a word of another instruction', 'FROM node\nLABEL a=1 \\\nRUN=2', false],
  ])('sees %s', (_, text, expected) => {
    expect(runsOnTarget(text)).toBe(expected)
  })

  it('has an answer for any text', () =>
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(typeof runsOnTarget(text)).toBe('boolean')
      }),
    ))
})
