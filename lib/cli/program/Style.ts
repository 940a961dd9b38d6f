/** Colours, or none of them: decided for each stream by what it is and what the user's variables say. */
import { createColors } from 'picocolors'

/** How words are set off. Each gives its text unchanged where there are no colours. */
export interface Style {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
  readonly cyan: (text: string) => string
}

type Env = Readonly<Record<string, string | undefined>>

const isSet = (value: string | undefined): boolean => value !== undefined && value !== ''

/** Whether a stream gets colours: a terminal does. `NO_COLOR` takes them away, `FORCE_COLOR` gives them to any stream. */
export const hasColours = (env: Env, isTTY: boolean): boolean => {
  if (isSet(env['NO_COLOR'])) return false
  const force = env['FORCE_COLOR']
  if (force !== undefined) return !['0', 'false'].includes(force)
  return isTTY && env['TERM'] !== 'dumb'
}

/** The style of a stream. */
export const toStyle = (env: Env, isTTY: boolean): Style => createColors(hasColours(env, isTTY))
