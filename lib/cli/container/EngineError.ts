/** Why no container engine is usable: missing, forbidden and stopped need different fixes. */
import { explainSystemError } from '../../node/SystemError'

/** The engines, by the command that each is. */
export type EngineName = 'finch' | 'docker' | 'podman'

/** The engines in the order in which they are tried. */
export const engineNames: ReadonlyArray<EngineName> = ['finch', 'docker', 'podman']

export type Unusable = { readonly name: EngineName } & (
  | { readonly _tag: 'Absent' }
  | { readonly _tag: 'Forbidden'; readonly said: string }
  | { readonly _tag: 'Down'; readonly said: string }
  | { readonly _tag: 'Silent'; readonly seconds: number }
  | { readonly _tag: 'Broken'; readonly said: string }
)

export type EngineError =
  | { readonly _tag: 'EngineUnusable'; readonly why: Unusable }
  | { readonly _tag: 'NoEngine'; readonly tried: ReadonlyArray<Unusable> }
  | { readonly _tag: 'ImageFailed'; readonly engine: EngineName; readonly step: ReadonlyArray<string> }
  | { readonly _tag: 'ContextFailed'; readonly path: string; readonly cause: unknown }
  /** The Dockerfile runs commands for arm64, which this machine cannot. */
  | { readonly _tag: 'NoEmulation'; readonly engine: EngineName; readonly arch: string }

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

const forbidden = /permission denied|access is denied|operation not permitted/i
const down =
  /cannot connect|is the docker daemon running|connection refused|error during connect|dial unix|no such file or directory.*sock|is stopped|not running|does not exist|unable to connect|machine (init|start)/i

/** Why an engine is unusable, by what it wrote when it was asked. */
export const unusable = (name: EngineName, said: string): Unusable => {
  if (forbidden.test(said)) return { _tag: 'Forbidden', name, said }
  return down.test(said) ? { _tag: 'Down', name, said } : { _tag: 'Broken', name, said }
}

// ---------------------------------------------------------------------------------------------------------------------
// destructors
// ---------------------------------------------------------------------------------------------------------------------

const howToAllow = (name: EngineName): string =>
  name === 'docker'
    ? 'add yourself to the docker group (sudo usermod -aG docker $USER) and log in again, or use podman with --container-runtime'
    : `run ${name} as a user with access to it, or use another engine with --container-runtime`

const howToStart = (name: EngineName): string => {
  switch (name) {
    case 'docker':
      return 'start Docker Desktop, or run sudo systemctl start docker'
    case 'finch':
      return 'run finch vm init once, then finch vm start'
    case 'podman':
      return 'run podman machine init once, then podman machine start'
  }
}

/** Why an engine is unusable and what to do, in one line. */
export const explainUnusable = (why: Unusable): string => {
  switch (why._tag) {
    case 'Absent':
      return `${why.name} is not installed`
    case 'Forbidden':
      return `${why.name} is installed, but you are not allowed to use it: ${howToAllow(why.name)}`
    case 'Down':
      return `${why.name} is installed but not running: ${howToStart(why.name)}`
    case 'Silent':
      return `${why.name} did not respond within ${why.seconds} s: ${howToStart(why.name)}`
    case 'Broken':
      return `${why.name} does not work: ${why.said.split('\n')[0] ?? ''}`
  }
}

const advice = 'install finch, docker or podman, or deploy without containers with --isolation process'

/** A failure in words. */
export interface Explanation {
  /** What happened and what to do next, in one line. */
  readonly message: string
  /** The output of the engine, line by line. */
  readonly details: ReadonlyArray<string>
}

/** Explains a failure in one line, with the output that belongs to it. */
export const explain = (error: EngineError): Explanation => ({ message: toMessage(error), details: toDetails(error) })

const toMessage = (error: EngineError): string => {
  switch (error._tag) {
    case 'EngineUnusable':
      return error.why._tag === 'Absent'
        ? `${error.why.name} is not installed: install it, or use another engine with --container-runtime`
        : explainUnusable(error.why)
    case 'NoEngine':
      return error.tried.every(({ _tag }) => _tag === 'Absent')
        ? `No container engine is installed: ${advice}`
        : `No usable container engine: ${error.tried
            .filter(({ _tag }) => _tag !== 'Absent')
            .map(explainUnusable)
            .join('; ')}`
    case 'ImageFailed':
      return `The image could not be built: ${error.step.at(-1) ?? `${error.engine} printed no output`}`
    case 'NoEmulation':
      return `The Dockerfile runs commands for linux/arm64, and ${error.engine} cannot run them on this machine (${error.arch}): install emulation (sudo apt-get install qemu-user-static, or docker run --privileged --rm tonistiigi/binfmt --install arm64), or omit --local-build to build with CodeBuild`
    case 'ContextFailed':
      return `Could not write ${error.path}: ${explainSystemError(error.cause).message}`
  }
}

const toDetails = (error: EngineError): ReadonlyArray<string> => {
  const said = (why: Unusable): ReadonlyArray<string> => ('said' in why ? why.said.split('\n') : [])
  switch (error._tag) {
    case 'EngineUnusable':
      return said(error.why)
    case 'NoEngine':
      return error.tried.flatMap((why) => [explainUnusable(why), ...said(why).map((line) => `  ${line}`)])
    case 'ImageFailed':
      return error.step
    case 'ContextFailed':
    case 'NoEmulation':
      return []
  }
}
