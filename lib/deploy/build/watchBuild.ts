/** Waits for the end of a build of CodeBuild, and tells its phases as they pass. */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { type Look, until, type WaitOptions } from '../aws/Waiting'
import { type DeployError, runtimeFailed } from '../failure/DeployError'
import { buildMinutes } from '../image/BuildProject'
import type { ExistingBuild } from './Builds'
import type { ImageServices } from './ImageServices'

/** What hears of a build. */
export interface BuildNews {
  /** Where the build is. */
  readonly onStatus: (text: string) => void
  /** A phase that has ended. */
  readonly onPassed: (text: string) => void
}

/** A phase in words: `DOWNLOAD_SOURCE` is `Download source`. */
export const phaseText = (phase: string): string =>
  `${phase.charAt(0)}${phase.slice(1).toLowerCase()}`.replaceAll('_', ' ')

/** Waits. Left: `BuildFailed` with the last lines of the log, `NotReady`, `Interrupted`. */
export const watchBuild = (
  services: Pick<ImageServices, 'builds' | 'logGroups'>,
  wait: WaitOptions,
  { onStatus, onPassed }: BuildNews,
  id: string,
): TE.TaskEither<DeployError, void> => {
  const told = new Set<string>()
  const tell = ({ phases = [] }: ExistingBuild): void => {
    for (const { phaseType = '', phaseStatus, durationInSeconds: seconds = 0 } of phases) {
      if (phaseStatus === undefined || told.has(phaseType) || phaseType === 'COMPLETED') continue
      told.add(phaseType)
      onPassed(`${phaseText(phaseType)}: ${phaseStatus.toLowerCase().replaceAll('_', ' ')} (${seconds} s)`)
    }
  }
  const look: TE.TaskEither<DeployError, Look<void>> = pipe(
    services.builds.find(id),
    TE.chain((found): TE.TaskEither<DeployError, Look<void>> => {
      if (found === undefined) return TE.left(runtimeFailed(`The build ${id}`, 'gone', 'somebody has deleted it', ''))
      tell(found)
      if (found.buildStatus === 'IN_PROGRESS')
        return TE.right({ _tag: 'Waiting', status: phaseText(found.currentPhase ?? 'SUBMITTED') })
      return found.buildStatus === 'SUCCEEDED'
        ? TE.right({ _tag: 'Ready', value: undefined })
        : pipe(
            failureOf(services, id, found),
            TE.fromTask<DeployError, DeployError>,
            TE.chain((error) => TE.left(error)),
          )
    }),
  )
  // CodeBuild ends a build by itself, later than this only while it waits for a machine.
  return pipe(look, until(wait, `The build ${id}`, (buildMinutes + 15) * 60, onStatus))
}

const failureOf =
  ({ logGroups }: Pick<ImageServices, 'logGroups'>, id: string, build: ExistingBuild) =>
  async (): Promise<DeployError> => {
    const { phases = [], logs, buildStatus = '', currentPhase = '' } = build
    const failed = phases.find(({ phaseStatus }) => phaseStatus !== undefined && phaseStatus !== 'SUCCEEDED')
    const { groupName = '', streamName = '' } = logs ?? {}
    const lines = groupName === '' || streamName === '' ? E.right([]) : await logGroups.tail(groupName, streamName)()
    return {
      _tag: 'BuildFailed',
      build: id,
      status: buildStatus,
      phase: failed?.phaseType ?? currentPhase,
      reason: (failed?.contexts ?? [])
        .flatMap(({ message = '' }) => (message === '' ? [] : [message.trim()]))
        .join('; '),
      // Whoever may build may perhaps not read logs: the build has failed all the same.
      lines: E.isLeft(lines) ? ['Its log could not be read'] : lines.right,
      logGroup: groupName,
    }
  }
