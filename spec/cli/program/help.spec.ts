import { program } from '../../../lib/cli/agentcore'
import type { Command } from '../../../lib/cli/program/Command'
import { run } from '../../../lib/cli/program/Program'
import { fences, manual } from '../../package/support'
import { inWorld, worldIn } from '../world'

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

describe('the help in a terminal', () => {
  const helpAt = async (columns: number, path: ReadonlyArray<string>): Promise<string> => {
    const { world, out } = worldIn('/')
    await run(program(), [...path, '--help'])({ ...world, stdout: { ...world.stdout, isTTY: true, columns } })()
    return out()
  }
  // A line that can be pasted stays whole.
  const widest = (help: string): number =>
    Math.max(...help.split('\n').map((line) => (line.startsWith('  $ ') ? 0 : line.length)))
  const words = (help: string): string => help.replace(/^ {2}# /gm, ' ').replace(/\s+/g, ' ')

  it.each([60, 72, 90, 110, 140].flatMap((columns) => commands.map(({ path, title }) => ({ columns, path, title }))))(
    'of $title at $columns columns fits, and says the same',
    async ({ columns, path }) => {
      const [at, plain] = [await helpAt(columns, path), (await inWorld('/', [...path, '--help'])).stdout]
      expect(widest(at)).toBeLessThanOrEqual(Math.min(columns, 110))
      expect(words(at)).toBe(words(plain))
    },
  )

  it('uses the room of a wide one, up to a line that reads well', async () => {
    const [narrow, wide, wider] = await Promise.all([60, 110, 400].map((columns) => helpAt(columns, ['configure'])))
    expect(widest(wide ?? '')).toBeGreaterThan(90)
    expect(wider).toBe(wide)
    expect(narrow).toMatch(/^ {2}--region <region>\n {6}AWS region/m)
  })
})
