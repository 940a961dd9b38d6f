/** The flags of `agentcore deploy`, of which each kind of deployment has its own. */
import * as E from 'fp-ts/Either'
import type { Isolation } from '../../local'
import { type CliError, usage } from '../program/CliError'
import type { Inbound } from './host/HostPlan'

/** The values of its flags. */
export interface DeployValues {
  readonly local: boolean
  readonly agent: string | undefined
  readonly env: ReadonlyArray<readonly [name: string, value: string]>
  readonly envFrom: ReadonlyArray<string>
  readonly external: ReadonlyArray<string>
  readonly port: number | undefined
  readonly detach: boolean
  readonly isolation: Isolation | undefined
  readonly auth: Inbound['_tag'] | undefined
  readonly allowOrigin: ReadonlyArray<string>
  readonly allowHost: ReadonlyArray<string>
  readonly dryRun: boolean
  readonly region: string | undefined
  readonly profile: string | undefined
  readonly executionRole: string | undefined
  readonly exclude: ReadonlyArray<string>
  readonly autoUpdateOnConflict: boolean
  readonly localBuild: boolean
  readonly imageTag: string | undefined
  readonly imageUri: string | undefined
  readonly adopt: string | undefined
  readonly endpoint: string | undefined
  readonly version: string | undefined
  readonly unsetEnv: ReadonlyArray<string>
}

/** Flags that mean nothing to the other kind of deployment are mistakes. */
export const checkFlags = (values: DeployValues): E.Either<CliError, void> => {
  const forThisMachine: ReadonlyArray<readonly [flag: string, isGiven: boolean]> = [
    ['--port', values.port !== undefined],
    ['--detach', values.detach],
    ['--isolation', values.isolation !== undefined],
    ['--auth', values.auth !== undefined],
    ['--allow-origin', values.allowOrigin.length > 0],
    ['--allow-host', values.allowHost.length > 0],
  ]
  const forAws: ReadonlyArray<readonly [flag: string, isGiven: boolean]> = [
    ['--dry-run', values.dryRun],
    ['--region', values.region !== undefined],
    ['--profile', values.profile !== undefined],
    ['--execution-role', values.executionRole !== undefined],
    ['--exclude', values.exclude.length > 0],
    ['--auto-update-on-conflict', values.autoUpdateOnConflict],
    ['--local-build', values.localBuild],
    ['--image-tag', values.imageTag !== undefined],
    ['--image-uri', values.imageUri !== undefined],
    ['--adopt', values.adopt !== undefined],
    ['--endpoint', values.endpoint !== undefined],
    ['--version', values.version !== undefined],
    ['--unset-env', values.unsetEnv.length > 0],
  ]
  const twice = values.unsetEnv.find((name) => values.env.some(([given]) => given === name))
  if (twice !== undefined) return E.left(usage(`--env and --unset-env: both name ${twice}`, 'set it or remove it'))
  const wrong = (values.local ? forAws : forThisMachine).find(([, isGiven]) => isGiven)
  if (wrong === undefined) return E.right(undefined)
  const [flag] = wrong
  return E.left(
    values.local
      ? usage(`${flag} is for deployments to AWS`, 'omit it, or omit --local')
      : usage(`${flag} is for agents on this machine`, 'add --local, or omit it'),
  )
}
