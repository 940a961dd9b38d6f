import { program } from '../../../lib/cli/agentcore'
import type { Command } from '../../../lib/cli/program/Command'
import { fences, manual } from '../../package/support'
import { inWorld } from '../world'

const pathsBelow = (
  commands: ReadonlyArray<Command>,
  above: ReadonlyArray<string> = [],
): ReadonlyArray<ReadonlyArray<string>> =>
  commands.flatMap(({ name, commands: below = [] }) => [[...above, name], ...pathsBelow(below, [...above, name])])

const documented = new Map(
  fences(manual)
    .filter(({ info }) => info === 'text help')
    .map(({ heading, text }) => [heading.replaceAll('`', ''), text]),
)

const commands = pathsBelow(program().commands).map((path) => ({ path, title: ['agentcore', ...path].join(' ') }))

describe('the help', () => {
  it('of every command is in the manual, and of no other', () => {
    expect([...documented.keys()].sort()).toEqual(commands.map(({ title }) => title).sort())
  })

  it.each(commands)('of $title is that of the manual', async ({ path, title }) => {
    const { stdout } = await inWorld('/', [...path, '--help'])
    expect(documented.get(title)?.trimEnd()).toBe(stdout.trimEnd())
  })
})
