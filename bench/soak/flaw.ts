/** What is wrong with an answer; undefined if nothing is. */
import { isDeepStrictEqual } from 'node:util'

export type Flaw = string | undefined

const shown = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 200)

/** The answer must be this value. */
export const mustBe = (what: string, wanted: unknown, got: unknown): Flaw =>
  isDeepStrictEqual(got, wanted) ? undefined : `${what}: ${shown(got)} instead of ${shown(wanted)}`

/** The answer must be one of these values. */
export const mustBeIn = (what: string, wanted: ReadonlyArray<unknown>, got: unknown): Flaw =>
  wanted.some((value) => isDeepStrictEqual(got, value)) ? undefined : `${what}: ${shown(got)}, none of ${shown(wanted)}`

/** The first of several flaws. */
export const first = (...flaws: ReadonlyArray<Flaw>): Flaw => flaws.find((flaw) => flaw !== undefined)
