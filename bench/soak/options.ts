/** The options of the soak's command line. */
import { parseArgs } from 'node:util'
import * as E from 'fp-ts/Either'

export interface Options {
  readonly invocations: number
  readonly json: boolean
  readonly help: boolean
}

export const help = `npm run soak -- [options]

Drives mixed invocations over real connections against an agent in a process of its own, checks every answer, and
looks for what stays behind. Exits with 1 where anything is wrong.

  --invocations N  how many, after a warm-up (default 200000)
  --json           print the findings as JSON
  --help           print this
`

/** The options that arguments stand for. Left: what is wrong with them. */
export const optionsOf = (args: ReadonlyArray<string>): E.Either<string, Options> => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        invocations: { type: 'string', default: '200000' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    const invocations = Number(values.invocations)
    return Number.isInteger(invocations) && invocations >= 100
      ? E.right({ invocations, json: values.json, help: values.help })
      : E.left(`--invocations takes a whole number from 100, not ${values.invocations}`)
  } catch (error) {
    return E.left(error instanceof Error ? error.message : String(error))
  }
}
