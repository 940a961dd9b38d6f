/** Whether an image for arm64 can be built on another processor: only if its Dockerfile runs nothing of that image. */

interface Stage {
  readonly name: string | undefined
  readonly isNative: boolean
}

/**
 * Whether a Dockerfile runs commands in a stage for the platform of the image. Stages `FROM --platform=$BUILDPLATFORM`
 * run on the machine that builds.
 */
export const runsOnTarget = (dockerfile: string): boolean => {
  const stages: Array<Stage> = []
  for (const line of toInstructions(dockerfile)) {
    const stage = toStage(line, stages)
    if (stage !== undefined) stages.push(stage)
    else if (/^RUN\s/i.test(line) && stages.at(-1)?.isNative === false) return true
  }
  return false
}

/** The instructions, each on one line, without comments. */
const toInstructions = (dockerfile: string): ReadonlyArray<string> =>
  dockerfile
    .split(/\r?\n/)
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replace(/\\[ \t]*\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())

const from = /^FROM\s+(?:--platform=(\S+)\s+)?(\S+)(?:\s+AS\s+(\S+))?\s*$/i

const toStage = (line: string, before: ReadonlyArray<Stage>): Stage | undefined => {
  const [, platform, base, name] = from.exec(line) ?? []
  if (base === undefined) return undefined
  const parent = before.find((stage) => stage.name === base.toLowerCase())
  const isNative =
    platform === undefined ? parent?.isNative === true : /^["']?\$\{?BUILDPLATFORM\}?["']?$/.test(platform)
  return { name: name?.toLowerCase(), isNative }
}
