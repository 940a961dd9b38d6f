/** The options of the benchmark's command line. */
import { parseArgs } from 'node:util'
import * as E from 'fp-ts/Either'
import { type Contestant, contestants, isContestant } from './contestant'

export type Part = 'all' | 'server' | 'local'

const isPart = (text: string): text is Part => ['all', 'server', 'local'].includes(text)

export interface Options {
  readonly only: ReadonlyArray<Contestant>
  readonly rounds: number
  readonly json: boolean
  readonly pin: boolean
  readonly help: boolean
  /** What is measured: the server, the local runtime, or both. */
  readonly part: Part
}

export const help = `npm run bench -- [options]

Compares one small agent on bare node:http and ws (raw), on Koa with router, body parser and ws (koa), and on
agentcore-fp in the lanes that users run: its log at warn and nothing around the handler (plain), that with one Koa
middleware (mw), with one provider (provide), with the default log (log), and with all three (all).

Only the ratios within one run count, and only on a machine that is otherwise idle. Exits with 1 where a contestant
answers wrongly, and where a lane misses its goal by more than the spread of its ratio.

  --only A,B   of ${contestants.join(', ')}; the first of them is what the others are measured by
  --rounds N   a round has fresh processes and four cycles (default 3)
  --part P     server, local (what the local runtime adds to an agent), or all (default)
  --json       print the result as JSON
  --no-pin     do not pin the servers to one core and the load to another
  --help       print this
`

/** The options that arguments stand for. Left: what is wrong with them. */
export const optionsOf = (args: ReadonlyArray<string>): E.Either<string, Options> => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', default: contestants.join(',') },
        rounds: { type: 'string', default: '3' },
        part: { type: 'string', default: 'all' },
        json: { type: 'boolean', default: false },
        'no-pin': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    const names = values.only.split(',')
    const only = names.filter(isContestant)
    const rounds = Number(values.rounds)
    if (only.length < names.length) return E.left(`--only takes some of ${contestants.join(', ')}, not ${values.only}`)
    if (!Number.isInteger(rounds) || rounds < 1)
      return E.left(`--rounds takes a whole number from 1, not ${values.rounds}`)
    const { part } = values
    if (!isPart(part)) return E.left(`--part takes all, server or local, not ${part}`)
    return E.right({ part, only, rounds, json: values.json, pin: !values['no-pin'], help: values.help })
  } catch (error) {
    return E.left(error instanceof Error ? error.message : String(error))
  }
}
