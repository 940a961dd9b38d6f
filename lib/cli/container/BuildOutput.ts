/** Parses the build output of container engines: the current step, and the lines of one that failed. */

/** A step of a build, as `3/9` and what it does. */
export interface Step {
  readonly at: string
  readonly text: string
}

/** `STEP 3/9: RUN npm ci` of podman and `#8 [build 3/6] RUN npm ci` of BuildKit. */
const patterns = [
  /^(?:\[\d+\/\d+\] )?STEP (\d+\/\d+): (.*)$/,
  /^Step (\d+\/\d+) : (.*)$/,
  /^#\d+ \[(?:[\w-]+ +)?(\d+\/\d+)\] (.*)$/,
]

/** The step that a line begins; none if it begins none. */
export const stepIn = (line: string): Step | undefined => {
  for (const pattern of patterns) {
    const [, at, text] = pattern.exec(line) ?? []
    if (at !== undefined && text !== undefined) return { at, text }
  }
  return undefined
}

/** How many lines of a failing step are shown. */
const shown = 40

/** The lines of the step that failed, the last of them: BuildKit sets them apart; others end with them. */
export const failingStep = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const said = lines.filter((line) => line.trim() !== '')
  const rules = said.flatMap((line, index) => (/^-{6,}$/.test(line) ? [index] : []))
  const [from, to] = rules
  if (from !== undefined && to !== undefined) {
    const apart = said.slice(from + 1, to)
    return [...apart.slice(-shown), ...said.slice((rules.at(-1) ?? to) + 1).slice(-2)]
  }
  const start = said.map((line) => stepIn(line) !== undefined).lastIndexOf(true)
  const [step, ...rest] = said.slice(Math.max(0, start))
  return step === undefined ? [] : [step, ...rest.slice(-shown)]
}
