/** An agent that somebody starts by hand in a container: who else may reach it is said. */
import { hasTmux, inTerminal } from '../cli/tmux'
import { agentFile } from './targets'

const describeHere = hasTmux() ? describe : describe.skip

describeHere('app.run in a container with a terminal', () => {
  const begin = `"${process.execPath}" "${agentFile}"`
  const container = { DOCKER_CONTAINER: '1', PORT: '0' }

  it(
    'warns that it listens on every interface',
    () =>
      inTerminal(__dirname, container, async ({ type, shows }) => {
        type(begin, 'Enter')
        await shows(/WARNING[^]*every interface[^]*HOST=127\.0\.0\.1/)
      }),
    40_000,
  )

  it.each(['127.0.0.1', '0.0.0.0'])(
    'says nothing once HOST is %s',
    (host) =>
      inTerminal(__dirname, { ...container, HOST: host }, async ({ type, shows, seen }) => {
        type(begin, 'Enter')
        await shows(/Listening on/)
        type('C-c')
        await shows(/stopping/)
        expect(seen()).not.toMatch(/every interface/)
      }),
    40_000,
  )
})
