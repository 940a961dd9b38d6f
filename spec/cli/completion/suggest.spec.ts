import { program } from '../../../lib/cli/agentcore'
import { suggestions } from '../../../lib/cli/completion/Suggest'

const wordsAfter = (...line: ReadonlyArray<string>): ReadonlyArray<string> =>
  suggestions(program(), ['writer', 'reader'])(line).map(({ word }) => word)

describe('suggestions', () => {
  it('are the commands first, with what they are for', () => {
    expect(wordsAfter('')).toEqual(program().commands.map(({ name }) => name))
    expect(suggestions(program(), [])(['invo'])).toEqual([
      { word: 'invoke', about: 'send a payload to an agent and print the response' },
    ])
  })

  it('are the flags of a command once a dash is there', () => {
    expect(wordsAfter('invoke', '--se')).toEqual(['--session-id'])
    expect(wordsAfter('configure', '-')).toEqual(
      expect.arrayContaining(['--entrypoint', '--issuer', '--json', '--help']),
    )
    expect(wordsAfter('--')).toEqual(['--version', '--help'])
  })

  it.each([
    ['a flag of agents', ['invoke', '--agent', 'w'], ['writer']],
    ['its short form', ['invoke', '-a', ''], ['writer', 'reader']],
    ['a flag with an equals sign', ['invoke', '--agent=r'], ['--agent=reader']],
    ['a flag with an equals sign that the shell splits', ['invoke', '--agent', '=', 'r'], ['reader']],
    ['a flag with an equals sign that the shell splits, and nothing', ['invoke', '--agent', '='], ['writer', 'reader']],
    ['the name of an agent to change', ['configure', '--name', ''], ['writer', 'reader']],
    ['a flag of a few values', ['configure', '--protocol', 'A'], ['A2A', 'AGUI']],
    ['another one', ['configure', '--container-runtime', ''], ['docker', 'finch', 'podman']],
    ['a flag of any value', ['configure', '--region', ''], []],
    ['a command below another, and its argument', ['configure', ''], ['list', 'set-default']],
    ['an argument that is an agent', ['configure', 'set-default', ''], ['writer', 'reader']],
    ['an argument of a few values', ['completion', ''], ['suggest', 'bash', 'zsh', 'fish']],
    ['a second argument', ['configure', 'set-default', 'writer', ''], []],
    ['words after --', ['invoke', '--', '-'], []],
    ['a command after a flag with a value', ['invoke', '--agent', 'writer', '--ne'], ['--new-session']],
    ['a flag after one whose value may be left out', ['dev', '--inspect', '--po'], ['--port']],
    ['a command after a flag without one', ['invoke', '--ws', '--agent', 'wr'], ['writer']],
  ])('of %s', (_, line, words) => {
    expect(wordsAfter(...line)).toEqual(words)
  })
})
