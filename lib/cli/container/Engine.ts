/** Finds a container engine that works, by running it: an installed engine may be stopped or forbidden. */
import { existsSync } from 'node:fs'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { runCommand } from '../../node/process/ChildCommand'
import { type EngineError, type EngineName, engineNames, type Unusable, unusable } from './EngineError'

/** An engine that answered. */
export interface Engine {
  readonly name: EngineName
  /** The architecture that its containers run on without emulation, as images name it. */
  readonly arch: 'amd64' | 'arm64'
}

/** Where an engine's answer has its architecture. A `docker` may be podman under another name. */
const templates: Readonly<Record<EngineName, ReadonlyArray<string>>> = {
  finch: ['{{.Architecture}}'],
  docker: ['{{.Architecture}}', '{{.Host.Arch}}'],
  podman: ['{{.Host.Arch}}'],
}

const seconds = 20

const toArch = (said: string): Engine['arch'] | undefined => {
  if (/^(arm64|aarch64)$/.test(said)) return 'arm64'
  return /^(amd64|x86_64)$/.test(said) ? 'amd64' : undefined
}

const askWith = (name: EngineName, template: string): TE.TaskEither<Unusable, Engine> =>
  pipe(
    runCommand({ file: name, args: ['info', '--format', template], timeout: seconds * 1000 }),
    TE.mapLeft(({ code, cause }): Unusable => {
      if (code === 'ENOENT') return { _tag: 'Absent', name }
      return code === 'EACCES'
        ? { _tag: 'Forbidden', name, said: cause.message }
        : { _tag: 'Broken', name, said: cause.message }
    }),
    TE.chainEitherK(({ code, signal, out, err }): E.Either<Unusable, Engine> => {
      if (signal === 'SIGKILL') return E.left({ _tag: 'Silent', name, seconds })
      const arch = toArch(out.at(-1)?.trim() ?? '')
      if (code === 0 && arch !== undefined) return E.right({ name, arch })
      return E.left(unusable(name, [...err, ...out].join('\n')))
    }),
  )

/** Asks an engine whether it works. */
export const ask = (name: EngineName): TE.TaskEither<Unusable, Engine> => {
  const [first, ...others] = templates[name].map((template) => askWith(name, template))
  if (first === undefined) return TE.left({ _tag: 'Absent', name })
  return others.reduce(
    (asked, other) =>
      pipe(
        asked,
        TE.orElse((why) => (why._tag === 'Broken' ? other : TE.left(why))),
      ),
    first,
  )
}

/** The engine to use: the one that is configured and no other, else the first that works. */
export const findEngine = (configured?: EngineName): TE.TaskEither<EngineError, Engine> =>
  configured === undefined
    ? engineNames.reduce<TE.TaskEither<EngineError, Engine>>(
        (found, name) =>
          pipe(
            found,
            TE.orElse((error) =>
              pipe(
                ask(name),
                TE.mapLeft((why): EngineError => ({
                  _tag: 'NoEngine',
                  tried: [...(error._tag === 'NoEngine' ? error.tried : []), why],
                })),
              ),
            ),
          ),
        TE.left({ _tag: 'NoEngine', tried: [] }),
      )
    : pipe(
        ask(configured),
        TE.mapLeft((why): EngineError => ({ _tag: 'EngineUnusable', why })),
      )

/** What an image is built for, and why not for what AgentCore runs. */
export interface Platform {
  readonly name: 'linux/arm64' | 'linux/amd64'
  readonly note?: string
}

/** Whether this machine runs containers for arm64 on another processor. */
export const emulatesArm = (): boolean =>
  process.platform !== 'linux' || existsSync('/proc/sys/fs/binfmt_misc/qemu-aarch64')

/** The platform of an image to be run here: AgentCore's, unless the engine cannot run it. */
export const platformFor = ({ name, arch }: Engine, emulates: boolean): Platform =>
  arch === 'arm64' || emulates
    ? { name: 'linux/arm64' }
    : {
        name: 'linux/amd64',
        note: `AgentCore runs linux/arm64, which ${name} cannot run on this machine: building for linux/amd64, for local use only`,
      }
